-- Another session is in use: a hold that was for the former is over.
-- KEYS  1 ge
-- ARGV  1 sum of the session now in use
-- Returns 1 if a hold ended.
local sum = redis.call('HGET', KEYS[1], 'hold_sum')
if not sum or sum == ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'hold_until', 'hold_reason', 'hold_sum', 'hold_since')
return 1
