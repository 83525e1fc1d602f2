-- A run begins; or joins the unfinished one that wants the same; or takes over
-- one whose scheduler died before all its jobs were on the lists.
-- KEYS  1 runs  2 runs:active  3 the new run  4 the run that active named when asked (or 3 again)
-- ARGV  1 signature of what is wanted, '' to join nothing  2 new id  3 id behind KEYS[4] or ''
--       4 owner  5 lease ms  6 seconds a run is kept  7.. fields and values
-- Returns { verdict, now }: 'new', 'joined', 'takeover', or 'again' if active changed meanwhile.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[1] ~= '' then
  if (redis.call('HGET', KEYS[2], ARGV[1]) or '') ~= ARGV[3] then return { 'again', now } end
  if ARGV[3] ~= '' then
    local run = redis.call('HMGET', KEYS[4], 'state', 'fanned', 'lease_until')
    if run[1] == 'running' then
      if run[2] == '1' or tonumber(run[3] or 0) > now then return { 'joined', now } end
      redis.call('HSET', KEYS[4], 'owner', ARGV[4], 'lease_until', now + ARGV[5])
      return { 'takeover', now }
    end
  end
  -- Only joining depends on it: old entries may go when there are many.
  if redis.call('HLEN', KEYS[2]) > 1000 then redis.call('DEL', KEYS[2]) end
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  return redis.error_reply('TAKEN there is a run of that id already')
end
redis.call('HSET', KEYS[3], 'id', ARGV[2], 'state', 'running', 'total', 0, 'queued', 0, 'running', 0, 'done', 0,
  'unchanged', 0, 'changed', 0, 'failed', 0, 'dead', 0, 'cancelled', 0, 'fanned', 0, 'started_at', now,
  'owner', ARGV[4], 'lease_until', now + ARGV[5], unpack(ARGV, 7))
redis.call('EXPIRE', KEYS[3], ARGV[6])
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1001)
return { 'new', now }
