-- GE asks for a pause (429): no job that needs it is claimed before, and then
-- at half the pace. Those that were under way with it say nothing new.
-- KEYS  1 ge
-- ARGV  1 ms from now  2 why
-- Returns 1 if there was no pause before.
-- include: _pace.lua
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ge = redis.call('HMGET', KEYS[1], 'pause_until', 'share', 'share_at')
local paused = tonumber(ge[1]) or 0
if now + ARGV[1] > paused then
  redis.call('HSET', KEYS[1], 'pause_until', now + ARGV[1], 'pause_why', ARGV[2])
end
if paused > now then return 0 end
local share = math.max(1 / 16, pace_share(ge[2], ge[3], now) / 2)
redis.call('HSET', KEYS[1], 'pause_since', now, 'share', string.format('%.6f', share), 'share_at', now + ARGV[1])
return 1
