-- Jobs of a dead worker go back to the head of their queues, or to the dead.
-- KEYS  1 workers  2 his jobs  3 locks  4 waiting  5 dead  6 bytes of the dead  7 outcomes of fetch jobs
--       8 stats  9 to 13 the queues fetch, bulk, check, migrate, ping  14.. others, by index
-- ARGV  1 name  2 epoch  3 name of the dead, then for each job
--       ticket, index of its queue, '0' or '1': it is dead, lock, head, bytes of the old head,
--       index of its run or '0', '1' if an attempt failed before, kind, field and value of its outcome
-- Returns how many moved: two who recover the same worker do it once.
-- include: _guard.lua
-- include: _waiting.lua
-- include: _dead.lua
-- include: _run.lua
local queue_keys = { fetch = KEYS[9], bulk = KEYS[10], check = KEYS[11], migrate = KEYS[12], ping = KEYS[13] }
local moved = 0

local function unlock(name, ticket)
  local holder = redis.call('HGET', KEYS[3], name)
  if holder and holder ~= ARGV[3] .. ' ' .. ticket then return false end
  redis.call('HDEL', KEYS[3], name)
  wake_waiter(KEYS[4], name, queue_keys)
  return holder and true
end

local function reclaim(ticket, queue, dies, lock, head, strip, run, failed, kind, field, value)
  local bytes = redis.call('HGET', KEYS[2], ticket)
  if not bytes then return end
  redis.call('HDEL', KEYS[2], ticket)
  unlock('!', ticket)
  local ran = unlock(lock, ticket)
  local job = head .. string.sub(bytes, strip + 1)
  if dies == '1' then
    bury_job(KEYS[5], KEYS[6], KEYS[7], now, job)
    redis.pcall('HINCRBY', KEYS[8], kind .. ':dead', 1)
    if kind == 'fetch' and field ~= '' then redis.pcall('HSET', KEYS[7], field, value) end
  else
    redis.call('RPUSH', KEYS[tonumber(queue)], job)
  end
  local key = KEYS[tonumber(run)]
  if run ~= '0' and run_exists(key) then
    run_count(key, ran and 'running' or failed == '1' and 'failed' or 'queued', -1)
    if dies == '1' then
      run_count(key, 'failed', 1)
      run_count(key, 'dead', 1)
      run_end(key, now)
    else
      run_count(key, failed == '1' and 'failed' or 'queued', 1)
    end
  end
  moved = moved + 1
end

for i = 4, #ARGV, 11 do
  reclaim(unpack(ARGV, i, i + 10))
end
return moved
