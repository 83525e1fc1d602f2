-- Occurrences that nobody has in hand, or whose scheduler was not heard of for
-- a lease, are taken in hand.
-- KEYS  1 occurrences that are due, by when they may be taken
-- ARGV  1 now ms  2 lease ms  3 how many at most
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, occurrence in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[1] + ARGV[2], occurrence)
end
return due
