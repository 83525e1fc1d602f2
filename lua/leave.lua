-- A worker goes, with nothing in hand.
-- KEYS  1 workers  2 leases  3 its jobs  4 its info  5 graves  6 deaths  7.. its inboxes
-- ARGV  1 name  2 epoch
-- Returns 1; 0 if it still holds something, which then is recovered as if it had died.
-- include: _guard.lua
for i = 7, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end
end
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[4])
-- Redis may not have seen yet that his blocked connections are closed: others
-- look into the inboxes for half a minute (exhume.lua forgets after an hour).
redis.call('ZADD', KEYS[5], now + 10000, ARGV[1])
redis.call('HSET', KEYS[6], ARGV[1], now - 3570000)
return 1
