-- A run begins; or joins the unfinished one that wants the same; or takes over
-- one whose scheduler died before all its jobs were on the lists.
-- KEYS  1 runs  2 runs:active  3 the new run  4 the run that active named when asked (or 3 again)
-- ARGV  1 signature of what is wanted, '' to join nothing  2 new id  3 id behind KEYS[4] or ''
--       4 owner  5 lease ms  6 seconds a run is kept  7 '1': the id is an occurrence's, which begins once
--       8.. fields and values
-- Returns { verdict, id }: 'new', 'takeover'; 'joined', all its jobs are on the lists; 'filling', another
-- scheduler is putting them there; 'taken', another run has the id; or 'again' if active changed meanwhile.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

-- A night that is over binds nobody who asks for the same later: what is left is his.
local function renew_deadline(key)
  redis.call('HDEL', key, 'deadline')
  for i = 8, #ARGV, 2 do
    if ARGV[i] == 'deadline' then redis.call('HSET', key, 'deadline', ARGV[i + 1]) end
  end
end

-- What there is to do for a run that is there already; nil if it has ended.
local function go_on(key)
  local run = redis.call('HMGET', key, 'state', 'fanned', 'lease_until', 'deadline')
  if run[1] ~= 'running' then return nil end
  if tonumber(run[4] or '') and tonumber(run[4]) < now then renew_deadline(key) end
  if run[2] == '1' then return 'joined' end
  if tonumber(run[3] or 0) > now then return 'filling' end
  redis.call('HSET', key, 'owner', ARGV[4], 'lease_until', now + ARGV[5])
  return 'takeover'
end

if redis.call('EXISTS', KEYS[3]) == 1 then
  if ARGV[7] ~= '1' then return { 'taken', ARGV[2] } end
  return { go_on(KEYS[3]) or 'joined', redis.call('HGET', KEYS[3], 'joined') or ARGV[2] }
end
if ARGV[1] ~= '' then
  if (redis.call('HGET', KEYS[2], ARGV[1]) or '') ~= ARGV[3] then return { 'again', ARGV[2] } end
  local verdict = ARGV[3] ~= '' and go_on(KEYS[4])
  if verdict then
    if verdict == 'joined' and ARGV[7] == '1' then      -- a second start of this occurrence joins it too
      redis.call('HSET', KEYS[3], 'id', ARGV[2], 'state', 'joined', 'joined', ARGV[3])
      redis.call('EXPIRE', KEYS[3], ARGV[6])
    end
    return { verdict, ARGV[3] }
  end
  -- Only joining depends on it: old entries may go when there are many.
  if redis.call('HLEN', KEYS[2]) > 1000 then redis.call('DEL', KEYS[2]) end
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
redis.call('HSET', KEYS[3], 'id', ARGV[2], 'state', 'running', 'total', 0, 'queued', 0, 'running', 0, 'done', 0,
  'unchanged', 0, 'changed', 0, 'failed', 0, 'dead', 0, 'cancelled', 0, 'fanned', 0, 'started_at', now,
  'owner', ARGV[4], 'lease_until', now + ARGV[5], unpack(ARGV, 8))
redis.call('EXPIRE', KEYS[3], ARGV[6])
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1001)
return { 'new', ARGV[2] }
