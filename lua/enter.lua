-- A worker comes in, or comes back after its connection broke.
-- KEYS  1 workers  2 leases  3 its jobs  4 protocol  5 its info  6 graves  7 deaths
-- ARGV  1 name  2 new epoch  3 former epoch ('' on the first time)  4 lease ms
--       5 protocol version  6 the name it had before it was declared dead, or ''  7.. info fields and values
-- Returns { now, tickets of the jobs it holds }.
local version = redis.call('GET', KEYS[4])
if version and version ~= ARGV[5] then
  return redis.error_reply('PROTOCOL this Redis is used by version ' .. version .. ' of the protocol')
end
local epoch = redis.call('HGET', KEYS[1], ARGV[1])
if (epoch or '') ~= ARGV[3] and epoch ~= ARGV[2] then
  return redis.error_reply('STALE this worker was declared dead')
end
if not version then
  redis.call('SET', KEYS[4], ARGV[5])
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
redis.call('HSET', KEYS[5], unpack(ARGV, 7))
-- Keys that were deleted (FLUSHALL) take the grave along; what the blocked
-- connections of that name still swallow has to be found all the same.
if ARGV[6] ~= '' and redis.call('ZADD', KEYS[6], 'NX', now, ARGV[6]) == 1 then redis.call('HSETNX', KEYS[7], ARGV[6], now) end
return { now, redis.call('HKEYS', KEYS[3]) }
