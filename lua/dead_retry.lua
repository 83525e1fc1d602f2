-- Jobs that are given up, or wait for their next attempt, go to the head of
-- their queue: those that still stand where they were seen.
-- KEYS  1 dead or retry  2 bytes of the dead  3 outcomes of fetch jobs  4.. queues and runs, by index
-- ARGV  1 '1' if KEYS[1] is dead, then for each job
--       member, index of its queue, bytes of the old head to leave out, index of its run or '0'
-- Returns how many moved. A run that had counted a job as dead has it queued
-- again, and so is running again.
-- include: _news.lua
-- include: _dead.lua
local is_dead = ARGV[1] == '1'
local moved = 0

local function count_again(run)
  if redis.call('EXISTS', run) == 0 then return end     -- expired: no counters of a ghost
  redis.call('HINCRBY', run, 'dead', -1)
  redis.call('HINCRBY', run, 'failed', -1)
  redis.call('HINCRBY', run, 'queued', 1)
  if redis.call('HGET', run, 'state') ~= 'cancelled' then
    redis.call('HSET', run, 'state', 'running')
    redis.call('HDEL', run, 'finished_at')
  end
end

for i = 2, #ARGV, 4 do
  local member, queue, strip, run = unpack(ARGV, i, i + 3)
  if redis.call('ZSCORE', KEYS[1], member) then
    redis.call('RPUSH', KEYS[tonumber(queue)], string.sub(member, strip + 1))
    redis.call('ZREM', KEYS[1], member)
    if is_dead then
      forget_dead(KEYS[2], KEYS[3], member)
      if run ~= '0' then count_again(KEYS[tonumber(run)]) end
    end
    moved = moved + 1
  end
end
if is_dead and redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
return moved
