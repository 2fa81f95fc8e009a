#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>

#include "matrix.hpp"

using Poco::Net::WebSocket;

struct OnPoco : matrix::Connection {
    Poco::Net::HTTPResponse response;
    std::unique_ptr<Poco::Net::HTTPClientSession> session;
    std::unique_ptr<WebSocket> socket;
    std::string pong;

    OnPoco(const matrix::Headers& headers, const matrix::Strings& protocols, bool) {
        const matrix::Address address;
        session = std::make_unique<Poco::Net::HTTPClientSession>(address.host, std::stoi(address.port));
        Poco::Net::HTTPRequest request("GET", address.path, "HTTP/1.1");
        for (const auto& [name, value] : headers) request.set(name, value);
        if (!protocols.empty()) request.set("Sec-WebSocket-Protocol", protocols[0] + ", " + protocols[1]);
        try {
            socket = std::make_unique<WebSocket>(*session, request, response);
        } catch (const Poco::Net::WebSocketException& error) {
            if (response.getStatus() == Poco::Net::HTTPResponse::HTTP_SWITCHING_PROTOCOLS) throw;
            throw matrix::Refused{response.getStatus()};
        }
    }

    std::string protocol() override { return response.get("Sec-WebSocket-Protocol", ""); }

    void send(const std::string& payload, bool binary) override {
        frame(payload, binary ? WebSocket::FRAME_BINARY : WebSocket::FRAME_TEXT);
    }

    // It gives its user frames, those of control among them.
    std::string receive() override {
        std::string message;
        for (;;) {
            Poco::Buffer<char> buffer(0);
            int flags = 0;
            socket->receiveFrame(buffer, flags);
            const std::string payload(buffer.begin(), buffer.size());
            switch (flags & WebSocket::FRAME_OP_BITMASK) {
                case WebSocket::FRAME_OP_PING:
                    frame(payload, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PONG);
                    break;
                case WebSocket::FRAME_OP_PONG:
                    pong = payload;
                    break;
                case WebSocket::FRAME_OP_CLOSE:
                    frame(payload, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_CLOSE);
                    if (payload.size() < 2) throw matrix::Closed{1005, ""};
                    throw matrix::Closed{
                        static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]), payload.substr(2)};
                default:
                    if (flags == 0 && payload.empty()) throw std::runtime_error("end of stream without a Close");
                    message += payload;
                    if (flags & WebSocket::FRAME_FLAG_FIN) return message;
            }
        }
    }

    void fragments(const matrix::Strings& texts) override {
        frame(texts[0], WebSocket::FRAME_OP_TEXT);
        frame(texts[1], WebSocket::FRAME_OP_CONT);
        frame(texts[2], WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_CONT);
    }

    void ping(const std::string& payload) override {
        frame(payload, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PING);
        matrix::said(*this, matrix::text);
        matrix::same(pong, payload);
    }

    int close(int code, const std::string& reason) override {
        socket->shutdown(static_cast<Poco::UInt16>(code), reason);
        try {
            throw std::runtime_error("a Close, not " + receive());
        } catch (const matrix::Closed& end) {
            return end.code;
        }
    }

    void frame(const std::string& payload, int flags) {
        socket->sendFrame(payload.data(), static_cast<int>(payload.size()), flags);
    }
};

int main() {
    const auto open = [](auto... options) { return std::make_unique<OnPoco>(options...); };
    return matrix::run(open, {"deflate"});
}
