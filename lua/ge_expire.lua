-- GE refuses a session: nobody asks with it any more, but for one probe now and
-- then. The next session ends that by itself (claim.lua).
-- KEYS  1 ge  2 session
-- ARGV  1 sum of the session  2 ms until the next probe
-- Returns 1 if that was not known before.
-- include: _session.lua
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local current = session_sum(KEYS[2])
if current ~= '' and current ~= ARGV[1] then return 0 end       -- replaced meanwhile
local known = redis.call('HGET', KEYS[1], 'expired') == ARGV[1]
redis.call('HSET', KEYS[1], 'expired', ARGV[1], 'expired_until', now + ARGV[2])
if known then return 0 end
redis.call('HSET', KEYS[1], 'expired_since', now)
return 1
