-- Jobs that wait are cancelled: those that still stand where they were seen. Of a
-- list, which may be long, only the part about there is looked at: what has moved
-- meanwhile is met by its start, or by the next sweep.
-- KEYS  1 the list or sorted set they stand in  2 stats  3 stats of today  4 news  5.. others, by index
-- ARGV  1 '' for a sorted set; else how far from the right of the list it was looked at
--       2 seconds a job hash lives  3 seconds the daily counters live, then for each job:
--       member, kind, index of the outcomes or '0', field and value there, index of its run or '0',
--       '1' if an attempt failed before, index of its job hash or '0', n, fields and values of the job hash
-- Returns how many were cancelled.
-- include: _news.lua
-- include: _run.lua
-- include: _job.lua
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

-- To remove elements one by one is to walk to each: they are marked where they
-- stand, and all that are marked go in one walk.
local ABOUT, MARK = 1000, 'cancelled ' .. now
local stands, marked = {}, 0            -- element -> its places, counted from the right
if ARGV[1] ~= '' then
  local last = math.max(0, ARGV[1] - ABOUT)
  local part = redis.call('LRANGE', KEYS[1], -ARGV[1] - ABOUT, -last - 1)
  for i, element in ipairs(part) do
    stands[element] = stands[element] or {}
    table.insert(stands[element], i - #part - 1 - last)
  end
end

local function take(member)
  if ARGV[1] == '' then return redis.call('ZREM', KEYS[1], member) == 1 end
  local place = stands[member] and table.remove(stands[member])
  if not place then return false end
  redis.call('LSET', KEYS[1], place, MARK)
  marked = marked + 1
  return true
end

local function cancel(fields, member, kind, outcome, field, value, run, failed, hash)
  if not take(member) then return 0 end
  run_count(KEYS[2], kind .. ':cancelled', 1)
  run_count(KEYS[3], kind .. ':cancelled', 1)
  redis.call('EXPIRE', KEYS[3], ARGV[3])
  if outcome ~= '0' then redis.pcall('HSET', KEYS[tonumber(outcome)], field, value) end
  if hash ~= '0' then job_set(KEYS[tonumber(hash)], ARGV[2], fields) end
  local key = KEYS[tonumber(run)]
  if run ~= '0' and run_exists(key) then
    run_count(key, failed == '1' and 'failed' or 'queued', -1)
    run_count(key, 'failed', 1)
    run_count(key, 'cancelled', 1)
    run_end(key, now)
    add_news(KEYS[4], now, value)
  end
  return 1
end

local cancelled, i = 0, 4
while i <= #ARGV do
  local n = tonumber(ARGV[i + 8])
  cancelled = cancelled + cancel({ unpack(ARGV, i + 9, i + 8 + n) }, unpack(ARGV, i, i + 7))
  i = i + 9 + n
end
if marked > 0 then redis.call('LREM', KEYS[1], -marked, MARK) end
return cancelled
