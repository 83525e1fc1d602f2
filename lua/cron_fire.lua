-- Occurrences of a crontab's lines become due, each once: a line moves on from
-- where the caller saw it, or not at all.
-- KEYS  1 how far each line has fired  2 occurrences that are due
-- ARGV  1 now ms, then for each line
--       key, how far it was seen to have fired ('' for never), how far it has fired now, n, n occurrences
-- Returns how many lines moved; -1 if too much is due already.
local LINES_MAX, DUE_MAX, FORGOTTEN_S = 2000, 10000, 31 * 86400
if redis.call('ZCARD', KEYS[2]) > DUE_MAX then return -1 end
local moved, a = 0, 2
while a <= #ARGV do
  local line, seen, upto, n = ARGV[a], ARGV[a + 1], ARGV[a + 2], tonumber(ARGV[a + 3])
  if (redis.call('HGET', KEYS[1], line) or '') == seen then
    redis.call('HSET', KEYS[1], line, upto)
    for i = a + 4, a + 3 + n do redis.call('ZADD', KEYS[2], 'NX', ARGV[1], ARGV[i]) end
    moved = moved + 1
  end
  a = a + 4 + n
end
if redis.call('HLEN', KEYS[1]) > LINES_MAX then         -- lines that stand in no crontab any more
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if tonumber(all[i + 1]) * 1000 < ARGV[1] - FORGOTTEN_S * 1000 then redis.call('HDEL', KEYS[1], all[i]) end
  end
end
return moved
