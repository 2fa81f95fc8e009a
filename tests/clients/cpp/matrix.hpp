// The cases of the matrix for C++'s clients: each has a file with a `Connection`, handed to `matrix::run`.
//
// What a client does not have, it names to `run`; clients.toml says why.
#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace matrix {

using namespace std::string_literals;
using Strings = std::vector<std::string>;
using Headers = std::map<std::string, std::string>;

/// The server's Close.
struct Closed {
    int code;
    std::string reason;
};

/// The server answered the handshake with this status.
struct Refused {
    int status;
};

struct Connection {
    virtual ~Connection() = default;
    virtual std::string protocol() = 0;
    virtual std::string extensions() { return ""; }
    virtual void send(const std::string& payload, bool binary = false) = 0;
    virtual std::string receive() = 0;                    // throws Closed
    virtual void fragments(const Strings&) { throw std::logic_error("it has no fragments"); }
    virtual void ping(const std::string&) { throw std::logic_error("it has no ping"); }  // until the pong is there
    virtual int close(int code, const std::string& reason) = 0;  // the code of the Close that answers
};

/// Throws Refused.
using Open = std::function<std::unique_ptr<Connection>(const Headers&, const Strings& protocols, bool deflate)>;

inline const std::string text = "héllo, wörld ✓";

inline std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// `ws://HOST:PORT/PATH` in its parts.
struct Address {
    std::string url = environment("MATRIX_URL"), host, port, path;
    Address() {
        const auto colon = url.find(':', 5), slash = url.find('/', 5);
        host = url.substr(5, colon - 5);
        port = url.substr(colon + 1, slash - colon - 1);
        path = url.substr(slash);
    }
};

inline void same(const std::string& found, const std::string& expected) {
    if (found != expected) throw std::runtime_error(found.substr(0, 150) + " instead of " + expected.substr(0, 150));
}

inline void said(Connection& connection, const std::string& what) {
    connection.send("{\"type\":\"say\",\"text\":\"" + what + "\"}");
    same(connection.receive(), "{\"type\":\"said\",\"room\":\"lobby\",\"text\":\"" + what + "\"}");
}

class Cases {
    Open connect;
    std::string token = environment("MATRIX_TOKEN");

    std::unique_ptr<Connection> open(bool deflate = false) {
        return connect({{"Authorization", "Bearer " + token}}, {}, deflate);
    }

    std::function<void()> with(std::function<void(Connection&)> use, bool deflate = false) {
        return [=] {
            auto connection = open(deflate);
            use(*connection);
            connection->close(1000, "");
        };
    }

    static void reply(Connection& c) {
        for (auto id : {"a"s, "b"s}) c.send("{\"type\":\"ask\",\"id\":\"" + id + "\",\"text\":\"" + text + "\"}");
        for (auto id : {"a"s, "b"s}) {
            const auto length = std::to_string(text.size());
            same(c.receive(), "{\"type\":\"answer\",\"id\":\"" + id + "\",\"length\":" + length + "}");
        }
    }

    static void binary(Connection& c) {
        std::string bytes(1 << 20, 0);
        for (std::size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<char>(i * 7);
        c.send(bytes, true);
        if (c.receive() != bytes) throw std::runtime_error("other bytes");
    }

    static void fragments(Connection& c) {
        const auto message = "{\"type\":\"say\",\"text\":\"" + text + "\"}";
        c.fragments({message.substr(0, 5), message.substr(5, 20), message.substr(25)});
        same(c.receive(), "{\"type\":\"said\",\"room\":\"lobby\",\"text\":\"" + text + "\"}");
    }

    static void ping(Connection& c) {
        c.ping("are you there");
        said(c, text);
    }

    static void heartbeat(Connection& c) {
        c.send("{\"type\":\"wait\",\"milliseconds\":3000}");
        same(c.receive(), "{\"type\":\"said\",\"room\":\"lobby\",\"text\":\"waited\"}");
    }

    static void deflate(Connection& c) {
        if (c.extensions().find("permessage-deflate") == std::string::npos) {
            throw std::runtime_error("not agreed: '" + c.extensions() + "'");
        }
        std::string repeated;
        for (int i = 0; i < 1000; i++) repeated += "wörds that repeat ";
        said(c, repeated);
        said(c, repeated);
    }

    void subprotocol() {
        auto connection = connect({}, {"bearer", "bearer." + token}, false);
        same(connection->protocol(), "bearer");
        connection->close(1000, "");
    }

    void close() { same(std::to_string(open()->close(4001, "done here")), "4001"); }

    void closed() {
        auto connection = open();
        connection->send("{\"type\":\"leave\",\"code\":4002,\"reason\":\"enough\"}");
        try {
            throw std::runtime_error("a Close, not " + connection->receive());
        } catch (const Closed& end) {
            same(std::to_string(end.code) + " " + end.reason, "4002 enough");
        }
    }

    void refused() {
        try {
            connect({{"Authorization", "Bearer wrong"}}, {}, false);
        } catch (const Refused& end) {
            return same(std::to_string(end.status), "401");
        }
        throw std::runtime_error("it connected with a wrong token");
    }

public:
    explicit Cases(Open connect) : connect(std::move(connect)) {}

    std::vector<std::pair<std::string, std::function<void()>>> all() {
        return {
            {"header", with([](Connection&) {})},
            {"subprotocol", [this] { subprotocol(); }},
            {"typed", with([](Connection& c) { said(c, text); })},
            {"reply", with(reply)},
            {"text", with([](Connection& c) { said(c, std::string(65536, 'x')); })},
            {"binary", with(binary)},
            {"fragments", with(fragments)},
            {"ping", with(ping)},
            {"heartbeat", with(heartbeat)},
            {"close", [this] { close(); }},
            {"closed", [this] { closed(); }},
            {"refused", [this] { refused(); }},
            {"deflate", with(deflate, true)},
        };
    }
};

/// Runs the cases but those that the client `lacks`. One that hangs ends the program: what follows is "not reported".
inline int run(Open connect, const std::set<std::string>& lacks) {
    Cases cases(std::move(connect));
    for (auto& [name, test] : cases.all()) {
        if (lacks.count(name)) continue;
        std::promise<void> done;
        std::thread watch([finished = done.get_future()] {
            if (finished.wait_for(std::chrono::seconds(20)) == std::future_status::timeout) {
                std::cout << "nothing within 20 s" << std::endl;
                std::_Exit(1);
            }
        });
        std::string failure;
        try {
            test();
        } catch (const Closed& end) {
            failure = "closed with " + std::to_string(end.code) + " " + end.reason;
        } catch (const Refused& end) {
            failure = "refused with " + std::to_string(end.status);
        } catch (const std::exception& error) {
            failure = error.what();
        }
        done.set_value();
        watch.join();
        for (char& c : failure) {
            if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = '\'';
        }
        const auto result = failure.empty() ? "\"pass\""s : "\"fail\", \"detail\": \"" + failure + "\"";
        std::cout << "{\"case\": \"" << name << "\", \"result\": " << result << "}" << std::endl;
    }
    return 0;
}

}  // namespace matrix
