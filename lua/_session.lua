-- A sum of the session in gesync:ge:session, '' where there is none: tells one
-- from another without telling it. Another AWSALB is another session: it may lead
-- to the node that knows the rest.
local function session_sum(key)
  local s = redis.pcall('HMGET', key, 'jsessionid', 'csrf', 'awsalb')
  if s.err or not s[1] or s[1] == '' then return '' end
  return redis.sha1hex(s[1] .. '\n' .. (s[2] or '') .. '\n' .. (s[3] or ''))
end
