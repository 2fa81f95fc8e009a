require "eventmachine"
require "faye/websocket"
require_relative "matrix"

# Its events come on the thread of EventMachine; the cases wait on theirs.
class OnFaye
  def self.open(url, headers, protocols)
    client = new
    client.connect(url, headers, protocols)
    client
  end

  def connect(url, headers, protocols)
    @inbox = Queue.new
    opened = Queue.new
    EventMachine.schedule do
      @socket = Faye::WebSocket::Client.new(url, protocols, headers: headers, max_length: 2 << 20)
      @socket.on(:open) { opened << nil }
      @socket.on(:message) { |event| @inbox << (event.data.is_a?(Array) ? event.data.pack("C*") : event.data) }
      @socket.on(:close) do |event|
        opened << Matrix::Refused.new(@socket.status.to_s)
        @inbox << Matrix::Closed.new(event.code, event.reason)
      end
    end
    failure = opened.pop
    raise failure if failure
  end

  def protocol
    @socket.protocol
  end

  def text(string)
    EventMachine.schedule { @socket.send(string) }
  end

  def binary(string)
    EventMachine.schedule { @socket.send(string.bytes) }
  end

  def receive
    item = @inbox.pop
    raise item if item.is_a?(Exception)
    item
  end

  def ping(payload)
    pong = Queue.new
    EventMachine.schedule { @socket.ping(payload) { pong << nil } }
    pong.pop
  end

  def close(code, reason)
    EventMachine.schedule { @socket.close(code, reason) }
    receive
  rescue Matrix::Closed => closed
    closed.code
  end
end

Thread.new { EventMachine.run }
Thread.pass until EventMachine.reactor_running?
Matrix.run(OnFaye, Gem.loaded_specs["faye-websocket"]&.version || Gem::Specification.find_by_name("faye-websocket").version)
