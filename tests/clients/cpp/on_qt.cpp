#include <QtCore/QCoreApplication>
#include <QtCore/QRegularExpression>
#include <QtNetwork/QNetworkProxy>
#include <QtNetwork/QNetworkRequest>
#include <QtWebSockets/QWebSocket>
#include <QtWebSockets/QWebSocketHandshakeOptions>

#include <deque>
#include <variant>

#include "matrix.hpp"

struct OnQt : matrix::Connection {
    QWebSocket socket;
    std::deque<std::variant<std::string, matrix::Closed>> inbox;
    std::string pong;
    bool opened = false, failed = false;

    OnQt(const matrix::Headers& headers, const matrix::Strings& protocols, bool) {
        socket.setProxy(QNetworkProxy::NoProxy);
        QObject::connect(&socket, &QWebSocket::connected, [this] { opened = true; });
        // `errorOccurred` from 6.5 on.
        QObject::connect(&socket, qOverload<QAbstractSocket::SocketError>(&QWebSocket::error), [this](auto) { failed = true; });
        QObject::connect(&socket, &QWebSocket::textMessageReceived, [this](const QString& text) {
            inbox.emplace_back(text.toStdString());
        });
        QObject::connect(&socket, &QWebSocket::binaryMessageReceived, [this](const QByteArray& bytes) {
            inbox.emplace_back(bytes.toStdString());
        });
        QObject::connect(&socket, &QWebSocket::pong, [this](quint64, const QByteArray& payload) {
            pong = payload.toStdString();
        });
        QObject::connect(&socket, &QWebSocket::disconnected, [this] {
            inbox.emplace_back(matrix::Closed{socket.closeCode(), socket.closeReason().toStdString()});
        });
        QNetworkRequest request(QUrl(QString::fromStdString(matrix::Address().url)));
        for (const auto& [name, value] : headers) {
            request.setRawHeader(QByteArray::fromStdString(name), QByteArray::fromStdString(value));
        }
        QWebSocketHandshakeOptions options;
        QStringList names;
        for (const auto& name : protocols) names << QString::fromStdString(name);
        options.setSubprotocols(names);
        socket.open(request, options);
        until([this] { return opened || failed; });
        if (!failed) return;
        const auto status = QRegularExpression("status code: (\\d+)").match(socket.errorString());
        if (status.hasMatch()) throw matrix::Refused{status.captured(1).toInt()};
        throw std::runtime_error(socket.errorString().toStdString());
    }

    void until(std::function<bool()> ready) {
        while (!ready()) QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
    }

    std::string protocol() override { return socket.subprotocol().toStdString(); }

    void send(const std::string& payload, bool binary) override {
        if (binary) socket.sendBinaryMessage(QByteArray::fromStdString(payload));
        else socket.sendTextMessage(QString::fromStdString(payload));
    }

    std::string receive() override {
        until([this] { return !inbox.empty(); });
        auto first = inbox.front();
        inbox.pop_front();
        if (auto* end = std::get_if<matrix::Closed>(&first)) throw *end;
        return std::get<std::string>(first);
    }

    // Its frames have a size at most; longer messages are several.
    void fragments(const matrix::Strings& texts) override {
        socket.setOutgoingFrameSize(16);
        send(texts[0] + texts[1] + texts[2], false);
    }

    void ping(const std::string& payload) override {
        socket.ping(QByteArray::fromStdString(payload));
        until([&] { return pong == payload; });
    }

    int close(int code, const std::string& reason) override {
        socket.close(static_cast<QWebSocketProtocol::CloseCode>(code), QString::fromStdString(reason));
        until([this] { return !inbox.empty(); });
        return std::get<matrix::Closed>(inbox.front()).code;
    }
};

int main(int count, char** arguments) {
    QCoreApplication application(count, arguments);
    const auto open = [](auto... options) { return std::make_unique<OnQt>(options...); };
    return matrix::run(open, {"close", "deflate"});
}
