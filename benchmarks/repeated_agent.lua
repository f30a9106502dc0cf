-- wrk: the twin of fresh_agents.lua. It does the same work for each request and sends one user agent only.
local format = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.%d.%d.%d Safari/537.36"
local count = 0

function request()
  count = count + 1
  wrk.headers["User-Agent"] = string.format(format, 0, 0, math.floor(count / 1e12))
  return wrk.format()
end
