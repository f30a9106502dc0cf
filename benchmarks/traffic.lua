-- wrk: sends the requests of a file, each with numbers that no other request has.
-- Arguments: the file, the number of the first request, "shuffled" or "in order" (each record once), and the most seconds
-- between two requests of a connection, with which it counts the answers by their status.
-- <<end>> on a line of its own ends a record; <<n>> stands for a number, <<t>> for a token, <<v>> for a version, new each time.
local records, count, first, in_order = {}, 0, 0, false

local fill = {
  n = function(number) return string.format("%012d", number) end,
  t = function(number)
    return string.format("%08x%08x", number * 2654435761 % 4294967296, number * 40503 % 4294967296)
  end,
  v = function(number)
    return string.format("%d.%d.%d", number / 1e6 % 1000, number / 1000 % 1000, number % 1000)
  end,
}

local function pieces(record)
  local parts, from = {}, 1
  for at, hole in record:gmatch("()<<([ntv])>>") do
    parts[#parts + 1] = record:sub(from, at - 1)
    parts[#parts + 1] = fill[hole]
    from = at + 5
  end
  parts[#parts + 1] = record:sub(from)
  return parts
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local text, from = file:read("*a"), 1
  file:close()
  while true do
    local at, last = text:find("\n<<end>>\n", from, true)
    if not at then break end
    records[#records + 1] = pieces(text:sub(from, at - 1))
    from = last + 1
  end
  first, in_order = tonumber(arguments[2]), arguments[3] == "in order"
  math.randomseed(first)
  prepared, statuses = os.clock(), {}
  local pause = tonumber(arguments[4])
  if not pause then return end
  function delay()
    return math.random(pause * 500, pause * 1000)
  end
  function response(status)
    statuses[status] = (statuses[status] or 0) + 1
  end
end

function request()
  count = count + 1
  local which = in_order and (count - 1) % #records + 1 or math.random(#records)
  local parts, filled = records[which], {}
  for at = 1, #parts do
    local part = parts[at]
    filled[at] = at % 2 == 1 and part or part(first + count)
  end
  return table.concat(filled)
end

local thread

function setup(only)
  thread = only
end

function done(summary)
  local wrong, statuses = summary.errors, {}
  for status, times in pairs(thread:get("statuses")) do
    statuses[#statuses + 1] = string.format('"%d": %d', status, times)
  end
  print(string.format('{"count": %d, "rate": %f, "refused": %d, "broken": %d, "prepared": %f, "statuses": {%s}}',
    summary.requests, summary.requests / summary.duration * 1e6, wrong.status,
    wrong.connect + wrong.read + wrong.write + wrong.timeout, thread:get("prepared"), table.concat(statuses, ", ")))
end
