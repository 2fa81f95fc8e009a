#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>

#include <deque>
#include <variant>

#include "matrix.hpp"

using Plain = websocketpp::config::asio_client;

/// The library decides about extensions by its configuration, when it is compiled.
struct Deflating : Plain {
    struct permessage_deflate_config {};
    typedef websocketpp::extensions::permessage_deflate::enabled<permessage_deflate_config> permessage_deflate_type;
};

template <typename Config>
struct OnWebSocketPp : matrix::Connection {
    using Client = websocketpp::client<Config>;
    Client client;
    typename Client::connection_ptr connection;
    std::deque<std::variant<std::string, matrix::Closed>> inbox;
    std::string pong;
    bool opened = false, failed = false;

    OnWebSocketPp(const matrix::Headers& headers, const matrix::Strings& protocols) {
        client.clear_access_channels(websocketpp::log::alevel::all);
        client.clear_error_channels(websocketpp::log::elevel::all);
        client.init_asio();
        client.set_max_message_size(2 << 20);
        client.set_open_handler([this](auto) { opened = true; });
        client.set_fail_handler([this](auto) { failed = true; });
        client.set_message_handler([this](auto, auto message) { inbox.emplace_back(message->get_payload()); });
        client.set_pong_handler([this](auto, std::string payload) { pong = payload; });
        client.set_close_handler([this](auto) {
            inbox.emplace_back(matrix::Closed{connection->get_remote_close_code(), connection->get_remote_close_reason()});
        });
        websocketpp::lib::error_code error;
        connection = client.get_connection(matrix::Address().url, error);
        if (error) throw std::runtime_error(error.message());
        for (const auto& [name, value] : headers) connection->append_header(name, value);
        for (const auto& name : protocols) connection->add_subprotocol(name);
        client.connect(connection);
        until([this] { return opened || failed; });
        if (failed && connection->get_response_code() != 0) throw matrix::Refused{connection->get_response_code()};
        if (failed) throw std::runtime_error(connection->get_ec().message());
    }

    void until(std::function<bool()> ready) {
        while (!ready()) {
            if (client.run_one() == 0) throw std::runtime_error("the connection ended: " + connection->get_ec().message());
        }
    }

    // `get_subprotocol` is for servers.
    std::string protocol() override { return connection->get_response_header("Sec-WebSocket-Protocol"); }
    std::string extensions() override { return connection->get_response_header("Sec-WebSocket-Extensions"); }

    void send(const std::string& payload, bool binary) override {
        using namespace websocketpp::frame::opcode;
        check(connection->send(payload, binary ? BINARY : TEXT));
    }

    std::string receive() override {
        until([this] { return !inbox.empty(); });
        auto first = inbox.front();
        inbox.pop_front();
        if (auto* end = std::get_if<matrix::Closed>(&first)) throw *end;
        return std::get<std::string>(first);
    }

    void fragments(const matrix::Strings& texts) override {
        for (std::size_t i = 0; i < texts.size(); i++) {
            using namespace websocketpp::frame::opcode;
            auto frame = connection->get_message(i == 0 ? TEXT : CONTINUATION, texts[i].size());
            frame->append_payload(texts[i]);
            frame->set_fin(i + 1 == texts.size());
            check(connection->send(frame));
        }
    }

    void ping(const std::string& payload) override {
        connection->ping(payload);
        until([&] { return pong == payload; });
    }

    int close(int code, const std::string& reason) override {
        connection->close(static_cast<websocketpp::close::status::value>(code), reason);
        until([this] { return !inbox.empty(); });
        return std::get<matrix::Closed>(inbox.front()).code;
    }

    static void check(websocketpp::lib::error_code error) {
        if (error) throw std::runtime_error(error.message());
    }
};

int main() {
    const auto open = [](const auto& headers, const auto& protocols, bool deflate) -> std::unique_ptr<matrix::Connection> {
        if (deflate) return std::make_unique<OnWebSocketPp<Deflating>>(headers, protocols);
        return std::make_unique<OnWebSocketPp<Plain>>(headers, protocols);
    };
    return matrix::run(open, {});
}
