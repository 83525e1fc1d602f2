-- What must happen even where nothing is claimed: the lease is renewed, due
-- jobs go back to their queues, a worker not heard of is noticed.
-- KEYS  1 workers  2 leases  3 last beat of anyone  4 retry  5 scheduled
--       6 graves  7 its info  8 locks  9 waiting  10 session  11 cancel
--       12 dead  13.. the queues, in the order of ARGV[7..]
-- ARGV  1 name  2 epoch  3 lease ms  4 jobs running  5 due jobs to move at most
--       6 why it serves no job that needs GE, or ''  7.. names of the queues
-- Returns { now, ms until something is due again or -1, 1 if there are dead to bury,
--   { jsessionid, csrf, awsalb, their sum }, who was cancelled ("#<id>", "@<run>") }.
-- include: _guard.lua
-- include: _waiting.lua
-- include: _session.lua
local lease = tonumber(ARGV[3])

-- What stands under a name of ours and is no sorted set would stop every
-- finish: it is kept beside.
for _, k in ipairs({ 4, 5, 12 }) do
  local is = redis.call('TYPE', KEYS[k]).ok
  if is ~= 'zset' and is ~= 'none' then redis.call('RENAME', KEYS[k], string.format('%s:aside:%.0f', KEYS[k], now)) end
end

-- Nobody renewed for half a lease: Redis was away, or its clock jumped. Then
-- everybody gets a whole lease to speak before anybody is declared dead.
local last = tonumber(redis.call('GET', KEYS[3]) or 0)
if now - last > lease / 2 or last > now then
  for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, 9999)) do
    redis.call('ZADD', KEYS[2], now + lease, name)
  end
end
redis.call('SET', KEYS[3], now)
redis.call('ZADD', KEYS[2], now + lease, ARGV[1])
local why = redis.call('HGET', KEYS[7], 'why') or ''
if why ~= ARGV[6] then redis.call('HSET', KEYS[7], 'why', ARGV[6], 'why_since', now) end
redis.call('HSET', KEYS[7], 'running', ARGV[4], 'beat', now)
redis.call('PEXPIRE', KEYS[7], lease * 6)

local queue = {}
for i = 7, #ARGV do queue[ARGV[i]] = KEYS[i + 6] end

-- A retry goes to the head of its queue, a scheduled job to the end.
local function promote(zset, push)
  for _, job in ipairs(redis.call('ZRANGEBYSCORE', zset, '-inf', now, 'LIMIT', 0, ARGV[5])) do
    local key = queue[string.match(job, '^gesync/1 (%l+) ')]
    if key and type(redis.pcall(push, key, job)) == 'number' then
      redis.call('ZREM', zset, job)
    elseif key then                     -- no list stands there: until one does
      redis.call('ZADD', zset, now + 5000, job)
    else                                -- not ours: out of the way, for people to see
      redis.call('ZADD', zset, now + 86400000, job)
    end
  end
  local first = redis.call('ZRANGE', zset, 0, 0, 'WITHSCORES')
  return first[2] and math.max(0, first[2] - now)
end

-- No waiter is stuck for ever, whatever people did to locks and queues: a few
-- are looked at, any few. To be woken in vain is harmless.
if redis.call('EXISTS', KEYS[9]) == 1 then
  for _, waiter in ipairs(redis.call('ZRANDMEMBER', KEYS[9], 5)) do
    local lock = string.match(waiter, '^(%S+) %S+ %l+ ')
    local holder = lock and redis.call('HGET', KEYS[8], lock)
    local name = holder and string.match(holder, '^%S+')
    if name and not redis.call('HGET', KEYS[1], name) and not redis.call('ZSCORE', KEYS[6], name) then
      redis.call('HDEL', KEYS[8], lock) -- its holder is neither alive nor in a grave
      holder = nil
    end
    if lock and not holder then wake_waiter(KEYS[9], lock, queue) end
  end
end

local wake = -1
local function sooner(ms)
  if ms and (wake < 0 or ms < wake) then wake = ms end
end
sooner(promote(KEYS[4], 'RPUSH'))
sooner(promote(KEYS[5], 'LPUSH'))
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
sooner(first[2] and math.max(0, first[2] - now + 1))
local grave = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
sooner(grave[2] and math.max(0, grave[2] - now))
local dead = (first[2] and tonumber(first[2]) <= now) or (grave[2] and tonumber(grave[2]) <= now)
local session = redis.pcall('HMGET', KEYS[10], 'jsessionid', 'csrf', 'awsalb')
if session.err then session = { false, false, false } end
session[4] = session_sum(KEYS[10])
local cancelled = {}
if redis.call('EXISTS', KEYS[11]) == 1 then
  redis.call('ZREMRANGEBYSCORE', KEYS[11], '-inf', now)
  cancelled = redis.call('ZREVRANGE', KEYS[11], 0, 255)
end
return { now, math.ceil(wake), dead and 1 or 0, session, cancelled }
