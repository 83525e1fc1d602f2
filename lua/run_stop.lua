-- A run ends before any of its licences were on the lists.
-- KEYS  1 the run
-- ARGV  1 owner  2 why
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] or redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'failed', 'error', ARGV[2], 'fanned', 1, 'finished_at', now)
return 1
