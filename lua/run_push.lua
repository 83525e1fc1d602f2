-- Jobs of a run go on a list, counted, with the place to go on from.
-- KEYS  1 the run  2 the queue  3 news
-- ARGV  1 owner  2 lease ms  3 place to go on from  4 '1': these are the last  5 n, n outcomes of
--       licences of which no job can be made, elements
-- Returns the total so far; -1 if another scheduler has taken the run over, -2 if it was cancelled.
-- include: _run.lua
-- include: _news.lua
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return -1 end
if redis.call('HGET', KEYS[1], 'state') == 'cancelled' then return -2 end
local refused = tonumber(ARGV[5])
local n = #ARGV - 5 - refused
if refused > 0 then
  for i = 6, 5 + refused do add_news(KEYS[3], now, ARGV[i]) end
  redis.call('HINCRBY', KEYS[1], 'failed', refused)
  redis.call('HINCRBY', KEYS[1], 'dead', refused)
end
if n > 0 then
  redis.call('LPUSH', KEYS[2], unpack(ARGV, 6 + refused))
  redis.call('HSETNX', KEYS[1], 'pushed_at', now)        -- from now on it has a rate
  redis.call('HINCRBY', KEYS[1], 'queued', n)
end
local total = redis.call('HINCRBY', KEYS[1], 'total', n + refused)
redis.call('HSET', KEYS[1], 'place', ARGV[3], 'lease_until', now + ARGV[2])
if ARGV[4] == '1' then
  redis.call('HSET', KEYS[1], 'fanned', 1)
  run_end(KEYS[1], now)
end
return total
