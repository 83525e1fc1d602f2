-- The moods of GE as the pool knows them, for people.
-- KEYS  1 ge  2 session
-- Returns { now, sum of the session in Redis or '', share of the rate in use, now again, field, value, ... }.
-- include: _session.lua
-- include: _pace.lua
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local out = { now, session_sum(KEYS[2]), '1', now }
local fields = redis.call('HGETALL', KEYS[1])
local of = {}
for i = 1, #fields, 2 do
  of[fields[i]] = fields[i + 1]
  out[#out + 1] = fields[i]
  out[#out + 1] = fields[i + 1]
end
out[3] = string.format('%.3f', pace_share(of.share, of.share_at, now))
return out
