-- Dead jobs are forgotten, those that are still there.
-- KEYS  1 dead  2 bytes of the dead  3 outcomes of fetch jobs
-- ARGV  members
-- Returns how many went.
-- include: _news.lua
-- include: _dead.lua
local gone = 0
for _, member in ipairs(ARGV) do
  if redis.call('ZREM', KEYS[1], member) == 1 then
    forget_dead(KEYS[2], KEYS[3], member)
    gone = gone + 1
  end
end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
return gone
