-- wrk: a laptop's user agent that the gate has never seen, in every request.
local format = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.%d.%d.%d Safari/537.36"
local round, count = 0, 0

-- the argument is the number of the round: no round repeats what another has sent
function init(args)
  round = tonumber(args[1])
end

function request()
  count = count + 1
  wrk.headers["User-Agent"] = string.format(format, round, math.floor(count / 10000), count % 10000)
  return wrk.format()
end
