-- A job goes on its queue, unless one of its id is known already: who asks
-- again after a break, or takes over from another, waits for the same one.
-- KEYS  1 the job's hash  2 the queue
-- ARGV  1 seconds a job hash lives  2 id  3 the element
-- Returns 1 if it was pushed.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 'id', ARGV[2], 'status', 'queued')
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
