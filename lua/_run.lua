-- A run's counters. A run that has expired, or that never was, gets none: a
-- ghost would stay for ever. Nor does a key that is no run stop the jobs.
local function run_exists(key)
  local state = redis.pcall('HGET', key, 'state')
  return type(state) == 'string'
end

local function run_count(key, field, by)
  redis.pcall('HINCRBY', key, field, by)
end

-- A run whose last job has ended has ended.
local function run_end(key, at)
  local run = redis.pcall('HMGET', key, 'state', 'total', 'done', 'dead', 'cancelled', 'fanned', 'put_back')
  if run.err or run[1] ~= 'running' or run[6] ~= '1' then return end
  local lost = (tonumber(run[4]) or 0) + (tonumber(run[5]) or 0)
  if (tonumber(run[3]) or 0) + (tonumber(run[7]) or 0) + lost >= (tonumber(run[2]) or 0) then
    redis.call('HSET', key, 'state', lost == 0 and 'done' or 'failed', 'finished_at', at)
  end
end
