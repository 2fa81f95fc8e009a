import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;

class OnOkHttp extends Cases.Connection {
    /** Its pings go by a timer; a pong that does not come before the next one fails the connection. */
    static final OkHttpClient CLIENT = new OkHttpClient.Builder().pingInterval(1, TimeUnit.SECONDS).build();
    final CompletableFuture<Response> opened = new CompletableFuture<>();
    WebSocket socket;

    static OnOkHttp open(String url, Map<String, String> headers, List<String> protocols) throws Exception {
        Request.Builder request = new Request.Builder().url(url);
        headers.forEach(request::header);
        if (!protocols.isEmpty()) request.header("Sec-WebSocket-Protocol", String.join(", ", protocols));
        OnOkHttp connection = new OnOkHttp();
        connection.socket = CLIENT.newWebSocket(request.build(), connection.new Listener());
        try {
            connection.opened.get();
        } catch (ExecutionException error) {
            throw (Exception) error.getCause();
        }
        return connection;
    }

    String protocol() { return opened.join().header("Sec-WebSocket-Protocol"); }
    void send(String text) { socket.send(text); }
    void send(byte[] bytes) { socket.send(ByteString.of(bytes)); }
    void close(int code, String reason) { socket.close(code, reason); }

    class Listener extends WebSocketListener {
        @Override public void onOpen(WebSocket socket, Response response) { opened.complete(response); }
        @Override public void onMessage(WebSocket socket, String text) { inbox.add(text); }
        @Override public void onMessage(WebSocket socket, ByteString bytes) { inbox.add(bytes.toByteArray()); }

        @Override public void onClosing(WebSocket socket, int code, String reason) {
            inbox.add(new Cases.Closed(code, reason));
            socket.close(1000, null);
        }

        @Override public void onFailure(WebSocket socket, Throwable error, Response response) {
            boolean answered = response != null && response.code() != 101;
            opened.completeExceptionally(answered ? new Cases.Refused(response.code()) : new Exception(error));
            inbox.add(new Exception(error));
        }
    }
}
