-- A worker goes, with nothing in hand.
-- KEYS  1 workers  2 leases  3 its jobs  4 its info  5.. its inboxes
-- ARGV  1 name  2 epoch
-- Returns 1; 0 if it still holds something, which then is recovered as if it had died.
-- include: _guard.lua
for i = 5, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end
end
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[4])
return 1
