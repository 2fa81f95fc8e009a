# The cases of the matrix for Ruby's clients: each has a script with a class, handed to `Matrix.run`.
#
#   Client.open(url, headers, protocols)   raises Refused
#   protocol                  the subprotocol that the server chose
#   text(string), binary(string)
#   receive                   a string; raises Closed
#   ping(payload)             until the pong is there
#   close(code, reason)       the code of the Close that answers
#
# What a client does not have, its class leaves out; clients.toml says why.
require "json"
require "timeout"

module Matrix
  URL, TOKEN = ENV.values_at("MATRIX_URL", "MATRIX_TOKEN")
  TEXT = "héllo, wörld ✓"

  Refused = Class.new(StandardError)

  class Closed < StandardError
    attr_reader :code, :reason

    def initialize(code, reason)
      super("closed with #{code} #{reason}")
      @code, @reason = code, reason
    end
  end

  def self.run(client, version)
    $stdout.sync = true
    puts JSON.generate(version: version)
    Cases.new(client).all.each do |name, test|
      report = { case: name, result: "pass" }
      begin
        Timeout.timeout(20) { test.call }
      rescue StandardError, Timeout::Error => error
        report.update(result: "fail", detail: "#{error.class}: #{error.message}"[0, 300])
      end
      puts JSON.generate(report)
    end
  end

  class Cases
    def initialize(client)
      @client = client
    end

    def all
      cases = {
        header: with { },
        subprotocol: method(:subprotocol),
        typed: with { |c| said(c, TEXT) },
        reply: with { |c| reply(c) },
        text: with { |c| said(c, "x" * 65536) },
        binary: with { |c| binary(c) },
        ping: with { |c| c.ping("are you there"); said(c, TEXT) },
        heartbeat: with { |c| heartbeat(c) },
        close: -> { same(open.close(4001, "done here"), 4001) },
        closed: method(:closed),
        refused: method(:refused),
      }
      cases.delete(:ping) unless @client.method_defined?(:ping)
      cases
    end

    private

    def open(token = TOKEN)
      @client.open(URL, { "Authorization" => "Bearer #{token}" }, [])
    end

    def with
      lambda do
        client = open
        yield client
        client.close(1000, "")
      end
    end

    def subprotocol
      client = @client.open(URL, {}, ["bearer", "bearer.#{TOKEN}"])
      same(client.protocol, "bearer")
      client.close(1000, "")
    end

    def reply(client)
      %w[a b].each { |id| client.text(JSON.generate(type: "ask", id: id, text: TEXT)) }
      %w[a b].each do |id|
        same(JSON.parse(client.receive), { "type" => "answer", "id" => id, "length" => TEXT.bytesize })
      end
    end

    def binary(client)
      bytes = Array.new(1 << 20) { |i| i * 7 & 255 }.pack("C*")
      client.binary(bytes)
      raise "other bytes" unless client.receive.b == bytes
    end

    def heartbeat(client)
      client.text(JSON.generate(type: "wait", milliseconds: 3000))
      same(JSON.parse(client.receive)["text"], "waited")
    end

    def closed
      client = open
      client.text(JSON.generate(type: "leave", code: 4002, reason: "enough"))
      raise "a Close, not #{client.receive}"
    rescue Closed => closed
      same([closed.code, closed.reason], [4002, "enough"])
    end

    def refused
      open("wrong")
      raise "it connected with a wrong token"
    rescue Refused => refused
      same(refused.message, "401")
    end

    def said(client, text)
      client.text(JSON.generate(type: "say", text: text))
      same(JSON.parse(client.receive), { "type" => "said", "room" => "lobby", "text" => text })
    end

    def same(found, expected)
      raise "#{found.inspect[0, 150]} instead of #{expected.inspect[0, 150]}" unless found == expected
    end
  end
end
