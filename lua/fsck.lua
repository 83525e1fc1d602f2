-- One repair of gesyncctl fsck: each looks again, and changes nothing where
-- what was found is so no more.
-- KEYS  1 what is repaired  2.. as the repair needs them
-- ARGV  1 the repair, then what it needs
-- Returns 1 if something was changed.
-- include: _news.lua
-- include: _dead.lua
-- include: _waiting.lua
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local repair = {}

-- KEYS 1 locks  2 jobs of its holder  ARGV 2 name  3 holder  4 ticket
function repair.lock()
  if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] or redis.call('HEXISTS', KEYS[2], ARGV[4]) == 1 then return 0 end
  return redis.call('HDEL', KEYS[1], ARGV[2])
end

-- KEYS 1 workers  2 graves  3 deaths  ARGV 2 worker: the living recover what it held
function repair.grave()
  if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 or redis.call('ZSCORE', KEYS[2], ARGV[2]) then return 0 end
  redis.call('ZADD', KEYS[2], now, ARGV[2])
  redis.call('HSET', KEYS[3], ARGV[2], now)
  return 1
end

-- KEYS 1 workers  2 leases  ARGV 2 worker
function repair.lease()
  local lives, lease = redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1, redis.call('ZSCORE', KEYS[2], ARGV[2])
  if lives == (lease and true or false) then return 0 end
  if lives then return redis.call('ZADD', KEYS[2], now, ARGV[2]) end
  return redis.call('ZREM', KEYS[2], ARGV[2])
end

-- KEYS 1 the sorted set  2 dead  3 bytes of the dead  4 outcomes of fetch jobs  5 news  ARGV 2 member  3 head of its record
function repair.stray()
  if redis.call('ZREM', KEYS[1], ARGV[2]) == 0 then return 0 end
  bury_job(KEYS[2], KEYS[3], KEYS[4], KEYS[5], now, ARGV[3] .. ARGV[2])
  return 1
end

-- KEYS 1 waiting  2 locks  3.. the queues  ARGV 2 lock  3.. their names
function repair.waiter()
  if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 0 end
  local queues, before = {}, redis.call('ZCARD', KEYS[1])
  for i = 3, #ARGV do queues[ARGV[i]] = KEYS[i] end
  wake_waiter(KEYS[1], ARGV[2], queues)
  return before - redis.call('ZCARD', KEYS[1])
end

-- KEYS 1 where the second stands  2 bytes of the dead  3 outcomes of fetch jobs
-- ARGV 2 member  3 '1' if it stands among the dead
function repair.twice()
  if redis.call('TYPE', KEYS[1]).ok == 'list' then return redis.call('LREM', KEYS[1], -1, ARGV[2]) end
  local gone = redis.call('ZREM', KEYS[1], ARGV[2])
  if gone == 1 and ARGV[3] == '1' then forget_dead(KEYS[2], KEYS[3], ARGV[2]) end
  return gone
end

-- KEYS 1 bytes of the dead  2 dead  ARGV 2 what it said  3 what it should be  4 number of the dead
function repair.bytes()
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[2] or redis.call('ZCARD', KEYS[2]) ~= tonumber(ARGV[4]) then return 0 end
  redis.call('SET', KEYS[1], ARGV[3])
  return 1
end

return repair[ARGV[1]]()
