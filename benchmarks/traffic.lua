-- wrk: sends the requests of a file, each with numbers that no other request has.
-- Arguments: the file, the number of the first request, "shuffled" or "in order" (each record once).
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
  prepared = os.clock()
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
  local wrong = summary.errors
  print(string.format('{"count": %d, "rate": %f, "refused": %d, "broken": %d, "prepared": %f}', summary.requests,
    summary.requests / summary.duration * 1e6, wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout,
    thread:get("prepared")))
end
