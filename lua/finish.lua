-- Jobs leave a worker: their outcome, their counters and their next place, in
-- one step.
-- KEYS  1 workers  2 its jobs  3 locks  4 waiting  5 retry  6 scheduled  7 dead
--       8 bytes of the dead  9 outcomes of fetch jobs  10 to 15 the queues fetch, bulk, check, migrate, ping, offline
--       16 cancel  17 ge  18 news  19.. others, by index
-- ARGV  1 name  2 epoch  3 seconds a job hash lives  4 seconds the daily counters live
--       5 1 if GE has answered one of them
--       n, tickets of jobs that leave nothing but a counter
--       n, indexes of runs, each with its finished_at
--       n, { index of a hash, field, increment }   counters
--       n, indexes of daily counters (they expire)
--       then for each other job:
--       ticket, id, lock, second lock, op, score or name of the queue, index of the outcome hash or '0', its field, its value,
--       index of the job hash or '0', head before its bytes, bytes of the old head, bytes to keep or '-1',
--       n, fields and values of the job hash
--   op: done | told (done, but its run has lost it: news) | retry | scheduled | dead | back (to the head of its queue) | last (to its end)
-- Returns how many of the other jobs were ours.
-- include: _guard.lua
-- include: _push.lua
-- include: _waiting.lua
-- include: _news.lua
-- include: _dead.lua
-- include: _run.lua
-- include: _job.lua
-- include: _outcome.lua
-- A key of the wrong type must be found before anything is counted: a script
-- that stops in its middle would be sent again, and count again.
redis.call('HLEN', KEYS[3])
for _, i in ipairs({ 4, 5, 6, 7, 16 }) do redis.call('ZCARD', KEYS[i]) end
local queue_keys = { fetch = KEYS[10], bulk = KEYS[11], check = KEYS[12], migrate = KEYS[13], ping = KEYS[14],
  offline = KEYS[15] }
local a = 6

local function each(width, fn)
  local n = tonumber(ARGV[a])
  a = a + 1
  for _ = 1, n do
    fn(unpack(ARGV, a, a + width - 1))
    a = a + width
  end
end

if ARGV[5] == '1' then redis.pcall('HDEL', KEYS[17], 'failures') end     -- no more in a row

local n = tonumber(ARGV[a])
for from = a + 1, a + n, 1000 do
  redis.call('HDEL', KEYS[2], unpack(ARGV, from, math.min(from + 999, a + n)))
end
a = a + n + 1
local runs = {}                         -- index of a run -> its finished_at, or false for a ghost
each(2, function(key, at) runs[key] = run_exists(KEYS[tonumber(key)]) and at end)
each(3, function(key, field, by)
  if runs[key] ~= false then run_count(KEYS[tonumber(key)], field, by) end
end)
each(1, function(key) redis.call('EXPIRE', KEYS[tonumber(key)], ARGV[4]) end)
for key, at in pairs(runs) do
  if at then run_end(KEYS[tonumber(key)], at) end
end

local anybody_waits = redis.call('EXISTS', KEYS[4]) == 1
local function unlock(name, ticket)
  if name == '' then return end
  local holder = redis.call('HGET', KEYS[3], name)
  if holder and holder ~= ARGV[1] .. ' ' .. ticket then return end
  -- Free already: woken itself, and ended before it took it. The next waiter's turn.
  redis.call('HDEL', KEYS[3], name)
  if anybody_waits then wake_waiter(KEYS[4], name, queue_keys) end
end

local anybody_cancelled = redis.call('EXISTS', KEYS[16]) == 1
local ours = 0
while a <= #ARGV do
  local ticket, id, lock, second, op, where, outcome, field, value, hash, head, strip, keep, nfields = unpack(ARGV, a, a + 13)
  a = a + 14
  local bytes = redis.call('HGET', KEYS[2], ticket)
  if bytes then
    ours = ours + 1
    if op == 'told' then
      add_news(KEYS[18], now, value)
    elseif op ~= 'done' then
      local job = head .. string.sub(bytes, strip + 1, keep == '-1' and -1 or strip + keep)
      if op == 'retry' then redis.call('ZADD', KEYS[5], where, job)
      elseif op == 'scheduled' then redis.call('ZADD', KEYS[6], where, job)
      elseif op == 'dead' then bury_job(KEYS[7], KEYS[8], KEYS[9], KEYS[18], now, job)
      elseif op == 'back' or type(redis.pcall('LPUSH', queue_keys[where], job)) ~= 'number' then
        push_head(KEYS[5], queue_keys[where], where, job, now, ticket)
      end
    end
    redis.call('HDEL', KEYS[2], ticket)
    if outcome ~= '0' then outcome_set(KEYS[tonumber(outcome)], string.match(ticket, '^%l+'), field, value) end
    if hash ~= '0' then job_set(KEYS[tonumber(hash)], ARGV[3], { unpack(ARGV, a, a + nfields - 1) }) end
    -- One that is tried again is cancelled when it starts.
    if anybody_cancelled and (op == 'done' or op == 'told' or op == 'dead') then redis.call('ZREM', KEYS[16], '#' .. id) end
    unlock(lock, ticket)
    unlock(second, ticket)
  end
  a = a + nfields
end
return ours
