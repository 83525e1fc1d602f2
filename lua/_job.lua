-- The hash of a job that was given an id: its state, and its outcome. A whole
-- outcome replaces the one before; a key of that name that is no hash stays.
local function job_set(key, seconds, fields)
  if #fields > 8 then redis.pcall('HDEL', key, 'error', 'result', 'next_attempt_at', 'progress') end
  if type(redis.pcall('HSET', key, unpack(fields))) == 'number' then redis.call('EXPIRE', key, seconds) end
end
