#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "matrix.hpp"

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = boost::asio::ip::tcp;

struct Beast : matrix::Connection {
    boost::asio::io_context context;
    websocket::stream<tcp::socket> socket{context};
    websocket::response_type response;
    std::string pong;

    Beast(const matrix::Headers& headers, const matrix::Strings& protocols, bool deflate) {
        const matrix::Address address;
        tcp::resolver resolver(context);
        boost::asio::connect(socket.next_layer(), resolver.resolve(address.host, address.port));
        socket.read_message_max(2 << 20);
        websocket::permessage_deflate offer;
        offer.client_enable = deflate;
        socket.set_option(offer);
        socket.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
            for (const auto& [name, value] : headers) request.set(name, value);
            for (const auto& name : protocols) {
                const std::string before(request[beast::http::field::sec_websocket_protocol]);
                request.set(beast::http::field::sec_websocket_protocol, before.empty() ? name : before + ", " + name);
            }
        }));
        socket.control_callback([this](websocket::frame_type kind, beast::string_view payload) {
            if (kind == websocket::frame_type::pong) pong = std::string(payload);
        });
        beast::error_code error;
        // The one that waits for itself keeps the answer to a refusal for itself.
        const auto host = address.host + ":" + address.port;
        socket.async_handshake(response, host, address.path, [&](beast::error_code done) { error = done; });
        context.run();
        if (error == websocket::error::upgrade_declined) throw matrix::Refused{static_cast<int>(response.result_int())};
        if (error) throw beast::system_error(error);
    }

    std::string protocol() override { return std::string(response[beast::http::field::sec_websocket_protocol]); }
    std::string extensions() override { return std::string(response[beast::http::field::sec_websocket_extensions]); }

    void send(const std::string& payload, bool binary) override {
        socket.binary(binary);
        socket.write(boost::asio::buffer(payload));
    }

    std::string receive() override {
        beast::flat_buffer buffer;
        beast::error_code error;
        socket.read(buffer, error);
        if (error == websocket::error::closed) {
            throw matrix::Closed{socket.reason().code, std::string(socket.reason().reason.c_str())};
        }
        if (error) throw beast::system_error(error);
        return beast::buffers_to_string(buffer.data());
    }

    void fragments(const matrix::Strings& texts) override {
        socket.text(true);
        for (std::size_t i = 0; i < texts.size(); i++) {
            socket.write_some(i + 1 == texts.size(), boost::asio::buffer(texts[i]));
        }
    }

    // Pongs are seen by whoever reads: a message behind the ping makes it read.
    void ping(const std::string& payload) override {
        socket.ping(websocket::ping_data(payload));
        matrix::said(*this, matrix::text);
        matrix::same(pong, payload);
    }

    int close(int code, const std::string& reason) override {
        socket.close(websocket::close_reason(static_cast<websocket::close_code>(code), reason));
        return socket.reason().code;
    }
};

int main() {
    const auto open = [](auto... options) { return std::make_unique<Beast>(options...); };
    return matrix::run(open, {});
}
