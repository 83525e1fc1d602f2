-- What a dead worker held: his latest jobs first, so that giving them back to
-- the head one after another restores their order.
-- KEYS  1 workers  2 his jobs  3 graves  4 deaths  5.. his inboxes
-- ARGV  1 name  2 epoch  3 name of the dead  4 jobs at most  5 bytes at most  6.. queues of the inboxes
-- Returns { ticket, bytes, ... }. Inboxes are emptied into his jobs first.
-- include: _guard.lua
for i = 5, #KEYS do
  local n = 0
  while n < tonumber(ARGV[4]) do
    local job = redis.call('RPOP', KEYS[i])
    if not job then break end
    -- tickets of an inbox sort behind all others of the worker
    redis.call('HSET', KEYS[2], string.format('%s:9%014d', ARGV[i + 1], redis.call('HINCRBY', KEYS[2], '#', 1)), job)
    n = n + 1
  end
end
local tickets = {}
for _, ticket in ipairs(redis.call('HKEYS', KEYS[2])) do
  if ticket ~= '#' then tickets[#tickets + 1] = ticket end
end
if #tickets == 0 then
  redis.call('DEL', KEYS[2])
  local died = tonumber(redis.call('HGET', KEYS[4], ARGV[3]) or 0)
  if now - died > 3600000 then
    redis.call('ZREM', KEYS[3], ARGV[3])
    redis.call('HDEL', KEYS[4], ARGV[3])
  else
    redis.call('ZADD', KEYS[3], now + 10000, ARGV[3])
  end
  return {}
end
redis.call('ZADD', KEYS[3], now + 2000, ARGV[3])
table.sort(tickets, function(a, b) return string.match(a, ':(%d+)') > string.match(b, ':(%d+)') end)
local out, bytes = {}, 0
for i = 1, math.min(#tickets, tonumber(ARGV[4])) do
  local job = redis.call('HGET', KEYS[2], tickets[i])
  out[#out + 1] = tickets[i]
  out[#out + 1] = job
  bytes = bytes + #job
  if bytes > tonumber(ARGV[5]) then break end
end
return out
