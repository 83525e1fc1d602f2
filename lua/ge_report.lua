-- The breaker: what came of a request to GE, where that may change its state.
--
--      CLOSED --failures in a row--> OPEN <---failed, twice the wait--+
--        ^                            |                               |
--        |                            | its wait is over (claim.lua)  |
--        +---------answered-------- PROBE ----------------------------+
--
-- Of a probe nobody reports of, the next claim after its time makes another.
-- KEYS  1 ge
-- ARGV  1 name  2 ticket  3 failed | answered | accepted (the session too) | unasked
--       4 failures that open  5 first wait  6 what failed
-- Returns 0 closed, 1 open, 2 open and this was its probe, 3 opened by this, 4 closed by this.
local MAX_MS = 60000
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ge = redis.call('HMGET', KEYS[1], 'open_wait', 'probe')
local open, first = tonumber(ge[1]), tonumber(ARGV[5])
local is_probe = ge[2] == ARGV[1] .. ' ' .. ARGV[2]
if is_probe then redis.call('HDEL', KEYS[1], 'probe') end

local function open_for(wait)
  redis.call('HSET', KEYS[1], 'open_wait', wait, 'open_until', now + wait)
end

if ARGV[3] == 'failed' then
  redis.call('HSET', KEYS[1], 'error', ARGV[6], 'error_at', now)
  if open and not is_probe then return 1 end
  if open then
    open_for(math.max(first, math.min(MAX_MS, open * 2)))
    return 2
  end
  if redis.call('HINCRBY', KEYS[1], 'failures', 1) < tonumber(ARGV[4]) then return 0 end
  redis.call('HSET', KEYS[1], 'open_since', now)
  open_for(first)
  return 3
end
if not is_probe then return open and 1 or 0 end
if ARGV[3] == 'unasked' then
  if open then redis.call('HSET', KEYS[1], 'open_until', now) end       -- the next may at once
  return open and 2 or 0
end
if ARGV[3] == 'accepted' then redis.call('HDEL', KEYS[1], 'expired', 'expired_since', 'expired_until') end
if not open then return 0 end
redis.call('HDEL', KEYS[1], 'failures', 'open_since', 'open_wait', 'open_until')
return 4
