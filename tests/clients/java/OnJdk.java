import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** `java.net.http.WebSocket`, which comes with the JDK. */
class OnJdk extends Cases.Connection implements WebSocket.Listener {
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    final StringBuilder text = new StringBuilder();
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    final WebSocket socket;

    OnJdk(String url, Map<String, String> headers, List<String> protocols) throws Exception {
        WebSocket.Builder builder = CLIENT.newWebSocketBuilder();
        headers.forEach(builder::header);
        if (!protocols.isEmpty()) builder.subprotocols(protocols.get(0), protocols.get(1));
        try {
            socket = builder.buildAsync(URI.create(url), this).join();
        } catch (CompletionException error) {
            if (error.getCause() instanceof WebSocketHandshakeException refused) {
                throw new Cases.Refused(refused.getResponse().statusCode());
            }
            throw error;
        }
    }

    String protocol() { return socket.getSubprotocol(); }
    void send(String text) { socket.sendText(text, true).join(); }
    void send(byte[] bytes) { socket.sendBinary(ByteBuffer.wrap(bytes), true).join(); }
    void ping(byte[] payload) { socket.sendPing(ByteBuffer.wrap(payload)).join(); }
    void close(int code, String reason) { socket.sendClose(code, reason).join(); }

    void fragments(List<String> texts) {
        for (int i = 0; i < texts.size(); i++) socket.sendText(texts.get(i), i + 1 == texts.size()).join();
    }

    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
            inbox.add(text.toString());
            text.setLength(0);
        }
        socket.request(1);
        return null;
    }

    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
        byte[] piece = new byte[data.remaining()];
        data.get(piece);
        bytes.writeBytes(piece);
        if (last) {
            inbox.add(bytes.toByteArray());
            bytes.reset();
        }
        socket.request(1);
        return null;
    }

    public CompletionStage<?> onPong(WebSocket socket, ByteBuffer payload) {
        inbox.add(new Cases.Pong(StandardCharsets.UTF_8.decode(payload).toString()));
        socket.request(1);
        return null;
    }

    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        inbox.add(new Cases.Closed(code, reason));
        return null;
    }

    public void onError(WebSocket socket, Throwable error) {
        inbox.add(new Exception(error));
    }
}
