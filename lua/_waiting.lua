-- Jobs that wait for a lock stand in one sorted set, by name of the lock:
--   "<lock> o<number> <queue> <job>"   in the order they came
--   "<lock> p <queue> <job>"           plain bare elements, which share one
-- When a lock is free, the first of its waiters goes to the head of its queue.
local function wake_waiter(waiting, lock, queue_keys)
  local first = redis.call('ZRANGEBYLEX', waiting, '[' .. lock .. ' ', '(' .. lock .. '!', 'LIMIT', 0, 1)[1]
  if not first then return end
  local queue, job = string.match(string.sub(first, #lock + 2), '^%S+ (%l+) (.*)$')
  -- Where the queue's key holds no list it waits on; the beat looks again.
  if type(redis.pcall('RPUSH', queue_keys[queue], job)) == 'number' then redis.call('ZREM', waiting, first) end
end
