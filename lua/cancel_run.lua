-- A run is cancelled: what of it is claimed from now on is dropped, workers
-- learn of it with their next beat.
-- KEYS  1 the run  2 cancel
-- ARGV  1 its id  2 ms for which workers are told
-- Returns its state before; '' if there is no such run.
local state = redis.call('HGET', KEYS[1], 'state') or ''
if state ~= 'running' and state ~= 'cancelled' then return state end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if state == 'running' then redis.call('HSET', KEYS[1], 'state', 'cancelled', 'finished_at', now) end
redis.call('ZADD', KEYS[2], now + ARGV[2], '@' .. ARGV[1])
return state
