-- The cases of the matrix for lua-http.
local version = require "http.version".version
local websocket = require "http.websocket"

io.stdout:setvbuf "line"
local url, token = os.getenv "MATRIX_URL", os.getenv "MATRIX_TOKEN"
local text = "héllo, wörld ✓"

local function same(found, expected)
	if found ~= expected then
		error(("%.150s instead of %.150s"):format(tostring(found), tostring(expected)), 0)
	end
end

local function open(shown, protocols)
	local socket = websocket.new_from_uri(url, protocols)
	if shown then
		socket.request.headers:append("authorization", "Bearer " .. shown)
	end
	-- Its `connect` keeps the status for itself: this is what it asks.
	local status
	local request = socket.request
	function request:go(...)
		local headers, stream, errno = getmetatable(request).__index.go(self, ...)
		status = headers and headers:get ":status"
		return headers, stream, errno
	end
	local opened, failure = socket:connect(20)
	if not opened then
		error(status and "refused with " .. status or failure, 0)
	end
	return socket
end

local function send(socket, message, kind)
	assert(socket:send(message, kind))
end

local function receive(socket)
	local message, failure, code = socket:receive(20)
	if not message then
		error(("closed with %s %s"):format(code, failure or ""), 0)
	end
	return message
end

local function say(what)
	return '{"type":"say","text":"' .. what .. '"}'
end

local function hears_said(socket, what)
	same(receive(socket), '{"type":"said","room":"lobby","text":"' .. what .. '"}')
end

local function said(socket, what)
	send(socket, say(what))
	hears_said(socket, what)
end

local function with(use)
	return function()
		local socket = open(token)
		use(socket)
		socket:close(1000, "")
	end
end

local cases = {
	{"header", with(function() end)},
	{"subprotocol", function()
		local socket = open(nil, {"bearer", "bearer." .. token})
		same(socket.protocol, "bearer")
		socket:close(1000, "")
	end},
	{"typed", with(function(socket) said(socket, text) end)},
	{"reply", with(function(socket)
		for _, id in ipairs {"a", "b"} do
			send(socket, ('{"type":"ask","id":"%s","text":"%s"}'):format(id, text))
		end
		for _, id in ipairs {"a", "b"} do
			same(receive(socket), ('{"type":"answer","id":"%s","length":%d}'):format(id, #text))
		end
	end)},
	{"text", with(function(socket) said(socket, ("x"):rep(65536)) end)},
	{"binary", with(function(socket)
		local bytes = {}
		for i = 0, 255 do
			bytes[i + 1] = string.char(i * 7 % 256)
		end
		local sent = table.concat(bytes):rep(4096)
		send(socket, sent, "binary")
		assert(receive(socket) == sent, "other bytes")
	end)},
	{"fragments", with(function(socket)
		local message = say(text)
		local pieces = {message:sub(1, 5), message:sub(6, 20), message:sub(21)}
		for i, piece in ipairs(pieces) do
			assert(socket:send_frame {FIN = i == #pieces, MASK = true, opcode = i == 1 and 1 or 0, data = piece})
		end
		hears_said(socket, text)
	end)},
	{"heartbeat", with(function(socket)
		send(socket, '{"type":"wait","milliseconds":3000}')
		hears_said(socket, "waited")
	end)},
	{"close", function()
		local socket = open(token)
		socket:close(4001, "done here")
		same(socket.got_close_code, 4001)
	end},
	{"closed", function()
		local socket = open(token)
		send(socket, '{"type":"leave","code":4002,"reason":"enough"}')
		local _, failure = pcall(receive, socket)
		same(failure, "closed with 4002 enough")
	end},
	{"refused", function()
		local _, failure = pcall(open, "wrong")
		same(failure, "refused with 401")
	end},
}

print(('{"version": "%s"}'):format(version))
for _, case in ipairs(cases) do
	local passed, failure = pcall(case[2])
	local detail = passed and "" or tostring(failure):gsub('[%c"\\]', "'")
	local result = passed and '"pass"' or ('"fail", "detail": "%s"'):format(detail)
	print(('{"case": "%s", "result": %s}'):format(case[1], result))
end
