-- Every command of a worker carries its name's epoch. A worker that was
-- declared dead has none, and a former connection of a living one has an
-- older: their late commands change nothing.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return redis.error_reply('STALE this worker was declared dead, or has reconnected since')
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
