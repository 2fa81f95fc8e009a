# The cases of the matrix for `HTTP::WebSocket` of Crystal's standard library.
require "http/web_socket"
require "json"

TEXT  = "héllo, wörld ✓"
URL   = ENV["MATRIX_URL"]
TOKEN = ENV["MATRIX_TOKEN"]

record Pong, payload : String
record Closed, code : Int32, reason : String

# A connection; a fiber reads it.
class Client
  getter socket : HTTP::WebSocket
  getter inbox = Channel(String | Bytes | Pong | Closed).new(16)

  def initialize(token = TOKEN)
    @socket = HTTP::WebSocket.new(URL, HTTP::Headers{"Authorization" => "Bearer #{token}"})
    @socket.on_message { |text| @inbox.send text }
    @socket.on_binary { |bytes| @inbox.send bytes }
    @socket.on_pong { |payload| @inbox.send Pong.new(payload) }
    @socket.on_close { |code, reason| @inbox.send Closed.new(code.value, reason) }
    spawn { @socket.run }
  end

  def receive
    select
    when item = inbox.receive
      item
    when timeout(20.seconds)
      raise "nothing within 20 s"
    end
  end

  def say(what)
    @socket.send({type: "say", text: what}.to_json)
  end

  def hears_said(what)
    same receive, %({"type":"said","room":"lobby","text":"#{what}"})
  end

  def said(what)
    say what
    hears_said what
  end
end

def same(found, expected)
  raise "#{found.inspect[0, 150]} instead of #{expected.inspect[0, 150]}" unless found == expected
end

def report(name, &)
  yield
  puts({case: name, result: "pass"}.to_json)
rescue error
  puts({case: name, result: "fail", detail: error.message}.to_json)
end

def with_client(name, &)
  report(name) do
    client = Client.new
    yield client
    client.socket.close(:normal_closure, "")
  end
end

STDOUT.sync = true
puts({version: Crystal::VERSION}.to_json)

with_client("header") { }
with_client("typed", &.said(TEXT))
with_client("reply") do |client|
  ["a", "b"].each { |id| client.socket.send({type: "ask", id: id, text: TEXT}.to_json) }
  ["a", "b"].each { |id| same client.receive, %({"type":"answer","id":"#{id}","length":#{TEXT.bytesize}}) }
end
with_client("text", &.said("x" * 65536))
with_client("binary") do |client|
  sent = Bytes.new(1 << 20) { |index| (index * 7 % 256).to_u8 }
  client.socket.send sent
  same client.receive, sent
end
with_client("fragments") do |client|
  # Its stream sends a frame whenever its buffer is full.
  client.socket.stream(binary: false, frame_size: 16, &.print({type: "say", text: TEXT}.to_json))
  client.hears_said TEXT
end
with_client("ping") do |client|
  client.socket.ping "are you there"
  same client.receive, Pong.new("are you there")
  client.said TEXT
end
with_client("heartbeat") do |client|
  client.socket.send %({"type":"wait","milliseconds":3000})
  client.hears_said "waited"
end
report("closed") do
  client = Client.new
  client.socket.send %({"type":"leave","code":4002,"reason":"enough"})
  same client.receive, Closed.new(4002, "enough")
end
report("refused") do
  begin
    Client.new("wrong")
    raise "it connected with a wrong token"
  rescue error : Socket::Error
    same error.message, "Handshake got denied. Status code was 401."
  end
end
