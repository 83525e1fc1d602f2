-- The hash of a job that was given an id: its state, and its outcome. What the
-- attempt before left there goes; a key of that name that is no hash stays.
local function job_set(key, seconds, fields)
  redis.pcall('HDEL', key, 'error', 'result', 'next_attempt_at', 'progress', 'finished_at', 'duration_ms')
  if type(redis.pcall('HSET', key, unpack(fields))) == 'number' then redis.call('EXPIRE', key, seconds) end
end
