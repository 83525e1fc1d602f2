-- The last outcome of a licence, or of each app that a check or migrate was for.
local function outcome_set(key, queue, subject, outcome)
  local names = (queue == 'check' or queue == 'migrate') and '[^,]+' or '.+'
  for name in string.gmatch(subject, names) do redis.pcall('HSET', key, name, outcome) end
end
