-- Jobs of a dead worker go back to the head of their queues, or to the dead.
-- KEYS  1 workers  2 his jobs  3 locks  4 waiting  5 retry  6 dead  7 bytes of the dead  8 outcomes of fetch jobs
--       9 stats  10 stats of today  11 to 16 the queues fetch, bulk, check, migrate, ping, offline  17 news  18.. others, by index
-- ARGV  1 name  2 epoch  3 name of the dead  4 seconds a job hash lives  5 seconds the daily counters live
--       then for each job:
--       ticket, queue, '0' or '1': it is dead, lock, head, bytes of the old head,
--       index of its run or '0', '1' if an attempt failed before, kind, index of the outcome hash or '0', field and value of its outcome,
--       index of the job hash or '0', n, fields and values of the job hash
-- Returns how many moved: two who recover the same worker do it once.
-- include: _guard.lua
-- include: _push.lua
-- include: _waiting.lua
-- include: _news.lua
-- include: _dead.lua
-- include: _run.lua
-- include: _job.lua
-- include: _outcome.lua
local queue_keys = { fetch = KEYS[11], bulk = KEYS[12], check = KEYS[13], migrate = KEYS[14], ping = KEYS[15],
  offline = KEYS[16] }
local moved = 0
-- A key of the wrong type must be found before anything moves: a job would be lost.
redis.call('HLEN', KEYS[3])
for i = 4, 6 do redis.call('ZCARD', KEYS[i]) end

local function unlock(name, ticket)
  local holder = redis.call('HGET', KEYS[3], name)
  if holder and holder ~= ARGV[3] .. ' ' .. ticket then return false end
  redis.call('HDEL', KEYS[3], name)
  wake_waiter(KEYS[4], name, queue_keys)
  return holder and true
end

local function bury(job, queue, kind, outcome, field, value)
  bury_job(KEYS[6], KEYS[7], KEYS[8], KEYS[17], now, job)
  run_count(KEYS[9], kind .. ':dead', 1)
  run_count(KEYS[10], kind .. ':dead', 1)
  redis.call('EXPIRE', KEYS[10], ARGV[5])
  if outcome ~= '0' then outcome_set(KEYS[tonumber(outcome)], queue, field, value) end
end

local function reclaim(fields, ticket, queue, dies, lock, head, strip, run, failed, kind, outcome, field, value, hash)
  local bytes = redis.call('HGET', KEYS[2], ticket)
  if not bytes then return end
  redis.call('HDEL', KEYS[2], ticket)
  unlock('!', ticket)
  local ran = unlock(lock, ticket)
  dies = dies == '1'
  local job = head .. string.sub(bytes, strip + 1)
  if dies and not ran then              -- only claimed: another job killed this worker
    dies, job, fields = false, bytes, { 'status', 'queued' }
  end
  if dies then
    bury(job, queue, kind, outcome, field, value)
  else
    push_head(KEYS[5], queue_keys[queue], queue, job, now, ticket)
  end
  if hash ~= '0' then job_set(KEYS[tonumber(hash)], ARGV[4], fields) end
  local key = KEYS[tonumber(run)]
  if run ~= '0' and run_exists(key) then
    run_count(key, ran and 'running' or failed == '1' and 'failed' or 'queued', -1)
    if dies then
      run_count(key, 'failed', 1)
      run_count(key, 'dead', 1)
      run_end(key, now)
    else
      run_count(key, failed == '1' and 'failed' or 'queued', 1)
    end
  end
  moved = moved + 1
end

local i = 6
while i <= #ARGV do
  local n = tonumber(ARGV[i + 13])
  local fields = { unpack(ARGV, i + 14, i + 13 + n) }
  reclaim(fields, unpack(ARGV, i, i + 12))
  i = i + 14 + n
end
return moved
