-- Workers whose lease has run out lose their epoch, and lie in a grave until
-- the living have taken what they held. The one who is told of a grave has it
-- to himself for two seconds; graves are looked at again for an hour, since a
-- dead worker's blocked connection may still swallow an element.
-- KEYS  1 workers  2 leases  3 graves  4 deaths  5 last beat of anyone
-- ARGV  1 name  2 epoch  3 lease ms
-- Returns the names of the dead whose turn it is, ten at the most.
-- include: _guard.lua
-- Asked for before Redis went away, and heard after it came back: too late.
local last = tonumber(redis.call('GET', KEYS[5]) or 0)
if now - last > tonumber(ARGV[3]) / 2 or last > now then return {} end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 10)) do
  if name ~= ARGV[1] then
    redis.call('ZREM', KEYS[2], name)
    redis.call('HDEL', KEYS[1], name)
    redis.call('ZADD', KEYS[3], now, name)
    redis.call('HSET', KEYS[4], name, now)
  end
end
local names = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 10)
for _, name in ipairs(names) do
  redis.call('ZADD', KEYS[3], now + 2000, name)
end
return names
