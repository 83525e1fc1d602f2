-- How far a running job has come, for people who look at its hash.
-- KEYS  1 workers  2 its jobs  3 the job's hash
-- ARGV  1 name  2 epoch  3 ticket  4 one line
-- include: _guard.lua
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 1 then redis.pcall('HSET', KEYS[3], 'progress', ARGV[4]) end
return 1
