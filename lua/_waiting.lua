-- Jobs that wait for a lock stand in one sorted set, by name of the lock:
--   "<lock> o<number> <queue> <job>"   in the order they came
--   "<lock> p <queue> <job>"           plain bare elements, which share one
-- When a lock is free, the first of its waiters goes to the head of its queue.
local function wake_waiter(waiting, lock, queue_keys)
  local first = redis.call('ZRANGEBYLEX', waiting, '[' .. lock .. ' ', '(' .. lock .. '!', 'LIMIT', 0, 1)[1]
  if not first then return end
  local queue, job = string.match(string.sub(first, #lock + 2), '^%S+ (%l+) (.*)$')
  redis.call('ZREM', waiting, first)
  redis.call('RPUSH', queue_keys[queue], job)
end
