-- Jobs move from the queues, and from the inboxes of blocked connections,
-- into the private place of a worker.
-- KEYS  1 workers  2 its jobs  3 paused  4 ge
--       then for each served queue: the queue, its inbox
-- ARGV  1 name  2 epoch  3 first ticket  4 jobs wanted  5 1 to look into the inboxes
--       6 GE rate  7 GE burst  8 bytes at most  9 sum of the session in use
--       10.. for each served queue: its name, 'ge' if it needs GE or '', 1 if wanted now
-- Returns { now, ms until a token or the end of a hold or -1, bits of the queues
--   that give nothing now, bits of those that are paused or held (and not just
--   paced), ticket, bytes, ticket, bytes, ... }.
-- include: _guard.lua
local ticket, want = tonumber(ARGV[3]), tonumber(ARGV[4])
local out = { now, -1, 0, 0 }
local paused = {}
for _, name in ipairs(redis.pcall('SMEMBERS', KEYS[3])) do paused[name] = true end

-- The GE server's pace and moods, for the whole pool: a token bucket that
-- holds a little more than the burst, since no timer is exact, and a hold.
local rate, burst = tonumber(ARGV[6]), tonumber(ARGV[7])
local tokens, wait, is_held
local function ge_allows(n)
  if not tokens then
    local ge = redis.call('HMGET', KEYS[4], 'tokens', 'at', 'hold_until', 'hold_sum')
    local at = math.min(tonumber(ge[2]) or now, now)
    tokens = math.min(burst + rate * 0.025, (tonumber(ge[1]) or burst) + (now - at) * rate / 1000)
    local held = tonumber(ge[3]) or 0
    if ge[4] and ARGV[9] ~= '' and ge[4] ~= ARGV[9] then held = 0 end   -- for a session no longer in use
    if held > now then
      tokens, wait, is_held = 0, held - now, true
    elseif rate == 0 then
      tokens = math.huge
    end
  end
  if tokens < 1 then
    wait = wait or math.ceil((1 - tokens) * 1000 / rate)
    out[2] = wait
  end
  return math.min(n, math.floor(tokens))
end

local function ge_takes(n)
  if rate == 0 or n == 0 then return end
  tokens = tokens - n
  redis.call('HSET', KEYS[4], 'tokens', string.format('%.6f', tokens), 'at', now)
end

local left = tonumber(ARGV[8])
local function take(queue, jobs)
  local moves = {}
  for _, job in ipairs(jobs) do
    local t = string.format('%s:%015d', queue, ticket)
    ticket = ticket + 1
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
for i = 10, #ARGV, 3 do
  local queue, ge = ARGV[i], ARGV[i + 1] == 'ge'
  local k = 5 + (i - 10) / 3 * 2
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
