-- Claimed jobs start, with what only the worker could read out of them: the
-- lock (one a licence), the run, the id.
-- KEYS  1 workers  2 its jobs  3 locks  4 waiting  5 number of the last waiter  6 cancel  7.. others, by index
-- ARGV  1 name  2 epoch  3 seconds a job hash lives, then for each job
--       ticket, queue, lock, second lock ('' for none), plain ('1': may share one run with its like),
--       head to write before its bytes, bytes of the old head,
--       index of its job hash or '0', index of its run or '0', attempts that failed before, id, started_at
-- Returns for each: 1 it runs, 2 it waits for the lock (and is not ours any
-- more), 3 another that waits stands for it too, 4 it was cancelled,
-- 5 it is too late for it (its run's deadline), 0 it is not ours.
-- include: _guard.lua
-- include: _run.lua
-- include: _job.lua
local out = {}
local anybody_cancelled = redis.call('EXISTS', KEYS[6]) == 1

local function lock(name, ticket)       -- 2 taken, 1 was ours already, 0 is another's
  local mine = ARGV[1] .. ' ' .. ticket
  if redis.call('HSETNX', KEYS[3], name, mine) == 1 then return 2 end
  return redis.call('HGET', KEYS[3], name) == mine and 1 or 0
end

local function tell(hash, id, ...)       -- those that were given an id
  if hash ~= '0' then job_set(KEYS[tonumber(hash)], ARGV[3], { 'id', id, ... }) end
end

local function wait(name, ticket, queue, plain, job, hash, id)
  local from, is = name .. ' p ', 2
  if not plain then
    redis.call('ZADD', KEYS[4], 0, string.format('%s o%015d %s ', name, redis.call('INCR', KEYS[5]), queue) .. job)
  elseif redis.call('ZLEXCOUNT', KEYS[4], '[' .. from, '(' .. name .. ' p!') > 0 then
    is = 3
  else
    redis.call('ZADD', KEYS[4], 0, from .. queue .. ' ' .. job)
  end
  redis.call('HDEL', KEYS[2], ticket)   -- last: a key of the wrong type stops the script above
  tell(hash, id, 'status', 'queued', 'worker', '')
  return is
end

local function run_is(key)              -- its state and deadline
  local run = key and redis.pcall('HMGET', key, 'state', 'deadline')
  if not run or run.err then return nil, math.huge end
  return run[1], tonumber(run[2] or '') or math.huge
end

local function start(ticket, queue, name, second, plain, head, strip, hash, run, failed, id, at)
  local bytes = redis.call('HGET', KEYS[2], ticket)
  if not bytes then return 0 end
  -- One that runs already (asked again after a broken connection) is past that.
  local state, deadline = run_is(run ~= '0' and KEYS[tonumber(run)])
  if (state == 'cancelled' or deadline < now or anybody_cancelled and redis.call('ZSCORE', KEYS[6], '#' .. id)) and
     redis.call('HGET', KEYS[3], name) ~= ARGV[1] .. ' ' .. ticket then
    return state ~= 'cancelled' and deadline < now and 5 or 4
  end
  local got = lock(name, ticket)
  if got == 0 then return wait(name, ticket, queue, plain == '1', bytes, hash, id) end
  if second ~= '' and lock(second, ticket) == 0 then
    redis.call('HDEL', KEYS[3], name)
    return wait(second, ticket, queue, false, bytes, hash, id)
  end
  if got == 1 then return 1 end         -- asked again after a broken connection
  redis.call('HSET', KEYS[2], ticket, head .. string.sub(bytes, strip + 1))
  if run ~= '0' and run_exists(KEYS[tonumber(run)]) then
    run_count(KEYS[tonumber(run)], failed ~= '0' and 'failed' or 'queued', -1)
    run_count(KEYS[tonumber(run)], 'running', 1)
  end
  tell(hash, id, 'status', 'running', 'attempt', failed + 1, 'worker', ARGV[1], 'started_at', at)
  return 1
end

for i = 4, #ARGV, 12 do
  out[#out + 1] = start(unpack(ARGV, i, i + 11))
end
return out
