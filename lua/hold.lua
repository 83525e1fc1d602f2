-- The GE server asks for quiet: no job that needs it is claimed before an
-- hour, a session or an instant has passed. The longer of two holds stays.
-- KEYS  1 ge
-- ARGV  1 ms from now  2 reason  3 sum of the session it is for, or '' for any
-- Returns 1 if nothing was held before.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local held = tonumber(redis.call('HGET', KEYS[1], 'hold_until') or 0)
if now + ARGV[1] > held then
  redis.call('HSET', KEYS[1], 'hold_until', now + ARGV[1], 'hold_reason', ARGV[2])
  if ARGV[3] == '' then redis.call('HDEL', KEYS[1], 'hold_sum') else redis.call('HSET', KEYS[1], 'hold_sum', ARGV[3]) end
end
if held <= now then
  redis.call('HSET', KEYS[1], 'hold_since', now)
  return 1
end
return 0
