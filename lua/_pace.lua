-- Which share of the rate is used: halved by a 429, whole again ten minutes
-- later at the most.
local function pace_share(share, at, now)
  if not share or not at then return 1 end
  return math.min(1, share + math.max(0, now - at) / 600000)
end
