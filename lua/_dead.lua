-- The dead are bounded by number, bytes and age; the oldest go first. Of a
-- licence that nobody knows, the outcome goes with its dead entry.
local DEAD_MAX, DEAD_BYTES, DEAD_MS = 10000, 67108864, 180 * 86400000

local function forget_dead(bytes_key, outcome_key, member)
  redis.call('DECRBY', bytes_key, #member)
  local subject, id = string.match(member, '^gesync/1 %S+ (%S+) unknown_license (%S+) ')
  if subject then
    local outcome = redis.call('HGET', outcome_key, subject)
    if outcome and string.find(outcome, '"id":"' .. id .. '"', 1, true) then
      redis.call('HDEL', outcome_key, subject)
    end
  end
end

local function trim_dead(dead, bytes_key, outcome_key, now)
  for _ = 1, 100 do
    local oldest = redis.call('ZRANGE', dead, 0, 0, 'WITHSCORES')
    if not oldest[1] then
      redis.call('DEL', bytes_key)
      return
    end
    if redis.call('ZCARD', dead) <= DEAD_MAX and tonumber(redis.call('GET', bytes_key) or 0) <= DEAD_BYTES
       and tonumber(oldest[2]) > now - DEAD_MS then
      return
    end
    redis.call('ZREM', dead, oldest[1])
    forget_dead(bytes_key, outcome_key, oldest[1])
  end
end

local function bury_job(dead, bytes_key, outcome_key, news, now, member)
  local run, outcome = string.match(member, '^gesync/1 %S+ %S+ %S+ %S+ %S+ %S+ %S+ (%S+)\n([^\n]+)\n')
  if run and run ~= '*' then add_news(news, now, outcome) end
  if redis.call('ZADD', dead, now, member) == 1 then
    if redis.call('ZCARD', dead) == 1 then redis.call('DEL', bytes_key) end
    redis.call('INCRBY', bytes_key, #member)
    trim_dead(dead, bytes_key, outcome_key, now)
  end
end
