-- Of a run's job the outcome becomes news, until somebody has told PostgreSQL (io/news.c).
local NEWS_MAX = 100000

local function add_news(news, now, outcome)
  redis.pcall('ZADD', news, now, outcome)
  redis.pcall('ZREMRANGEBYRANK', news, 0, -NEWS_MAX - 1)
end
