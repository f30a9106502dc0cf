-- Asks Mailgate about a request. After a yes it goes on with facts about the device; anything else ends it with
-- Mailgate's answer. If Mailgate does not answer, there is no access.

local NOT_ASKED = {
  ["connection"] = true, ["keep-alive"] = true, ["te"] = true, ["expect"] = true,
  ["content-length"] = true, ["transfer-encoding"] = true, ["trailer"] = true, ["proxy-connection"] = true,
}
local OF_THE_CONNECTION = { ["connection"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true }
local RESULTS = {
  "x-device-decision", "x-device-reason", "x-device-class", "x-device-assurance", "x-device-user", "x-device-reference",
}

-- HAProxy counts the values of a header from 0, its client from 1.
local function listed(values)
  local list = {}
  for index = 0, #values do
    list[#list + 1] = values[index]
  end
  return list
end

local function question(txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not NOT_ASKED[name] then
      headers[name] = listed(values)
    end
  end
  headers["x-original-method"] = { txn.sf:method() }
  headers["x-original-uri"] = { txn.sf:pathq() }
  return headers
end

-- Mailgate's answer to the client. A reply of a transaction would end at the first zero byte, and WBXML has some.
core.register_service("tell_the_client", "http", function(applet)
  local answer = applet:get_priv() or { status = 503, headers = {}, body = "" }
  local own = answer.headers["x-device-status"]
  applet:set_status(tonumber(own and own[0]) or answer.status)
  for name, values in pairs(answer.headers) do
    for _, value in ipairs(OF_THE_CONNECTION[name] and {} or listed(values)) do
      applet:add_header(name, value)
    end
  end
  applet:add_header("content-length", tostring(#(answer.body or "")))
  applet:start_response()
  applet:send(answer.body or "")
end)

core.register_action("ask_mailgate", { "http-req" }, function(txn, gate)
  local answer = core.httpclient():get({ url = gate .. "/.mailgate/authz", headers = question(txn), timeout = 5000 })
  if not answer.status or answer.status < 100 or answer.headers == nil then
    answer = { status = 503, headers = {}, body = "" }
  end
  if answer.status ~= 200 or not answer.headers["x-device-decision"] then
    if answer.status < 400 then
      answer.status = 503
    end
    txn:set_priv(answer)
    return
  end
  for _, name in ipairs(RESULTS) do
    txn.http:req_set_header(name, answer.headers[name] and answer.headers[name][0] or "")
  end
  if answer.headers["dpop-nonce"] then
    txn:set_var("txn.nonce", answer.headers["dpop-nonce"][0])
  end
  txn:set_var("txn.let_in", true)
end, 1)

-- `filter lua.lasting SECONDS` ends whatever has lasted longer at the next bytes, since nobody asks about it again. HAProxy's own limits end
-- only what is silent. An error is the one way to end an answer so that it does not look whole; it is logged.
local Lasting = { id = "lasting", flags = filter.FLT_CFG_FL_HTX }
Lasting.__index = Lasting

function Lasting:new()
  return setmetatable({ ends = core.now().sec + self.seconds }, Lasting)
end

function Lasting:start_analyze(_, channel)
  filter.register_data_filter(self, channel)
end

function Lasting:http_payload()
  if core.now().sec >= self.ends then
    error("a stream has lasted for its time", 0)
  end
end

core.register_filter("lasting", Lasting, function(self, arguments)
  self.seconds = tonumber(arguments[1])
  return self
end)
