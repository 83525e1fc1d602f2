-- To the head of a queue. Where its key holds no list the job waits in retry
-- until it does, as a record, of a name that no other job has.
local function push_head(retry, key, queue, job, now, name)
  if type(redis.pcall('RPUSH', key, job)) == 'number' then return end
  if string.sub(job, 1, 9) ~= 'gesync/1 ' then
    job = string.format('gesync/1 %s * new %s-%s 0 0 %.0f *\n\n', queue, string.sub(ARGV[1], -8), name, now) .. job
  end
  redis.call('ZADD', retry, now + 5000, job)
end
