-- Jobs move from the queues, and from the inboxes of blocked connections,
-- into the private place of a worker.
-- KEYS  1 workers  2 its jobs  3 paused  4 ge  5 session
--       then for each served queue: the queue, its inbox
-- ARGV  1 name  2 epoch  3 first ticket  4 jobs wanted  5 1 to look into the inboxes
--       6 GE rate  7 GE burst  8 bytes at most  9 sum of the session that it knows of in Redis
--       10 sum of the session it asks with  11 ms that a probe has  12 ms between looks while one is out
--       13.. for each served queue: its name, 'ge' if it needs GE or '', 1 if wanted now
-- Returns { now, ms until GE may be asked or -1, bits of the queues that give nothing now,
--   bits of those that are paused or held (and not just paced), ticket of the probe or '',
--   1 if another session is in Redis, ticket, bytes, ticket, bytes, ... }.
-- include: _guard.lua
-- include: _session.lua
-- include: _pace.lua
local ticket, want = tonumber(ARGV[3]), tonumber(ARGV[4])
local out = { now, -1, 0, 0, '', 0 }
local paused = {}
for _, name in ipairs(redis.pcall('SMEMBERS', KEYS[3])) do paused[name] = true end

-- The GE server's pace and moods, for the whole pool: a token bucket that
-- holds a tenth of a second more than the burst, since no timer is exact; a pause; a
-- breaker that is open; a session that has expired. When the time of the latter
-- two is over, one job goes as a probe, and the time begins anew until more is
-- known (ge_report.lua).
local rate, burst, look_ms = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[12])
local tokens, wait, is_held, is_probe, is_open, is_expired, last_ticket

local function hold(ms)
  tokens, wait, is_held = 0, ms, true
end

local function ge_look()
  local ge = redis.call('HMGET', KEYS[4], 'tokens', 'at', 'share', 'share_at', 'pause_until', 'expired',
    'expired_until', 'open_until', 'probe')
  rate = rate * pace_share(ge[3], ge[4], now)
  local at = math.min(tonumber(ge[2]) or now, now)
  tokens = math.min(burst + rate * 0.1, (tonumber(ge[1]) or burst) + (now - at) * rate / 1000)
  if rate == 0 then tokens = math.huge end
  local current = session_sum(KEYS[5])
  if current ~= ARGV[9] then            -- it has to learn of it before it asks
    out[6] = 1
    return hold(look_ms)
  end
  if ge[6] and current ~= '' and ge[6] ~= current then
    redis.call('HDEL', KEYS[4], 'expired', 'expired_since', 'expired_until')
  end
  is_open, is_expired = ge[8], ge[6] == ARGV[10]
  is_probe = is_open or is_expired
  local held = math.max(tonumber(ge[5]) or 0, is_open and tonumber(ge[8]) or 0, is_expired and tonumber(ge[7]) or 0)
  if held > now then
    hold(ge[9] and math.min(look_ms, held - now) or held - now)
  elseif is_probe then
    tokens = math.min(tokens, 1)
  end
end

local function ge_allows(n)
  if not tokens then ge_look() end
  if tokens < 1 then out[2] = wait or math.ceil((1 - tokens) * 1000 / rate) end
  return math.min(n, math.floor(tokens))
end

local function ge_takes(n)
  if n == 0 then return end
  tokens = tokens - n
  if rate > 0 then redis.call('HSET', KEYS[4], 'tokens', string.format('%.6f', tokens), 'at', now) end
  if not is_probe then return end
  out[5] = last_ticket
  redis.call('HSET', KEYS[4], 'probe', ARGV[1] .. ' ' .. last_ticket)
  if is_open then redis.call('HSET', KEYS[4], 'open_until', now + ARGV[11]) end
  if is_expired then redis.call('HSET', KEYS[4], 'expired_until', now + ARGV[11]) end
  hold(look_ms)
end

local left = tonumber(ARGV[8])
local function take(queue, jobs)
  local moves = {}
  for _, job in ipairs(jobs) do
    local t = string.format('%s:%015d', queue, ticket)
    last_ticket, ticket = t, ticket + 1
    want = want - 1
    left = left - #job
    moves[#moves + 1] = t
    moves[#moves + 1] = job
    out[#out + 1] = t
    out[#out + 1] = job
  end
  if #moves > 0 then redis.call('HSET', KEYS[2], unpack(moves)) end
end

local bit = 1
for i = 13, #ARGV, 3 do
  local queue, ge = ARGV[i], ARGV[i + 1] == 'ge'
  local k = 6 + (i - 13) / 3 * 2
  local list, inbox = KEYS[k], KEYS[k + 1]
  local open = not paused[queue] and ARGV[i + 2] == '1'
  if open and ge and ge_allows(1) == 0 then open = false end
  if not open then out[3] = out[3] + bit end
  if paused[queue] or (ge and is_held) then out[4] = out[4] + bit end
  bit = bit * 2

  if ARGV[5] == '1' then
    while true do                       -- one element a BLMOVE: few
      if open and want > 0 and (not ge or ge_allows(1) == 1) then
        local job = redis.call('RPOP', inbox)
        if not job then break end
        take(queue, { job })
        if ge then ge_takes(1) end
      elseif type(redis.pcall('LMOVE', inbox, list, 'RIGHT', 'RIGHT')) ~= 'string' then
        break                           -- nothing left; or no list to give it back to
      end
    end
  end

  -- In small pieces, so that a list of huge elements cannot fill the reply: the
  -- first piece is one element, which tells what they are like.
  local piece = 1
  while open and want > 0 and left > 0 do
    local n = math.min(want, piece)
    if ge then n = ge_allows(n) end
    if n == 0 then break end
    local jobs = redis.pcall('RPOP', list, n)   -- a queue that is no list harms no other
    if not jobs or jobs.err then break end
    take(queue, jobs)
    if ge then ge_takes(#jobs) end
    if #jobs < n then break end
    piece = left > 1048576 and 64 or 8
  end
end
return out
