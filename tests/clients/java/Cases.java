import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The cases of the matrix for Java's clients, of which the argument chooses one. */
public class Cases {
    /** A connection; what arrives goes into its inbox: String, byte[], Pong or Closed. */
    abstract static class Connection {
        final BlockingQueue<Object> inbox = new LinkedBlockingQueue<>();

        abstract String protocol();
        abstract void send(String text) throws Exception;
        abstract void send(byte[] bytes) throws Exception;
        abstract void close(int code, String reason) throws Exception;
        void fragments(List<String> texts) throws Exception { throw new UnsupportedOperationException(); }
        void ping(byte[] payload) throws Exception { throw new UnsupportedOperationException(); }

        Object receive() throws Exception {
            Object item = inbox.poll(20, TimeUnit.SECONDS);
            if (item == null) throw new Exception("nothing within 20 s");
            if (item instanceof Exception) throw (Exception) item;
            return item;
        }
    }

    record Pong(String payload) {}
    record Closed(int code, String reason) {}

    static class Refused extends Exception {
        final int status;
        Refused(int status) { super("refused with " + status); this.status = status; }
    }

    interface Opener {
        Connection open(String url, Map<String, String> headers, List<String> protocols) throws Exception;
    }

    static final String TEXT = "héllo, wörld ✓";
    static final String URL = System.getenv("MATRIX_URL"), TOKEN = System.getenv("MATRIX_TOKEN");

    public static void main(String[] arguments) throws Exception {
        boolean jdk = arguments[0].equals("jdk");
        if (jdk) System.out.println("{\"version\": \"" + System.getProperty("java.version") + "\"}");
        Opener opener = jdk ? OnJdk::new : OnOkHttp::open;
        var cases = new LinkedHashMap<String, Callable<?>>();
        cases.put("header", () -> finish(open(opener)));
        cases.put("subprotocol", () -> {
            Connection connection = opener.open(URL, Map.of(), List.of("bearer", "bearer." + TOKEN));
            same(connection.protocol(), "bearer");
            return finish(connection);
        });
        cases.put("typed", () -> finish(said(open(opener), TEXT)));
        cases.put("reply", () -> finish(reply(open(opener))));
        cases.put("text", () -> finish(said(open(opener), "x".repeat(65536))));
        cases.put("binary", () -> finish(binary(open(opener))));
        if (jdk) {
            cases.put("fragments", () -> {
                Connection connection = open(opener);
                String message = say(TEXT);
                connection.fragments(List.of(message.substring(0, 5), message.substring(5, 20), message.substring(20)));
                same(connection.receive(), saidText(TEXT));
                return finish(connection);
            });
            cases.put("ping", () -> {
                Connection connection = open(opener);
                connection.ping("are you there".getBytes(StandardCharsets.UTF_8));
                same(connection.receive(), new Pong("are you there"));
                return finish(said(connection, TEXT));
            });
        }
        cases.put("heartbeat", () -> {
            Connection connection = open(opener);
            connection.send("{\"type\":\"wait\",\"milliseconds\":3000}");
            same(connection.receive(), saidText("waited"));
            return finish(connection);
        });
        cases.put("close", () -> {
            Connection connection = open(opener);
            connection.close(4001, "done here");
            same(((Closed) connection.receive()).code(), 4001);
            return null;
        });
        cases.put("closed", () -> {
            Connection connection = open(opener);
            connection.send("{\"type\":\"leave\",\"code\":4002,\"reason\":\"enough\"}");
            same(connection.receive(), new Closed(4002, "enough"));
            return null;
        });
        cases.put("refused", () -> {
            try {
                opener.open(URL, Map.of("Authorization", "Bearer wrong"), List.of());
            } catch (Refused refused) {
                same(refused.status, 401);
                return null;
            }
            throw new Exception("it connected with a wrong token");
        });
        var pool = Executors.newCachedThreadPool();
        for (var entry : cases.entrySet()) {
            String result = "\"pass\"";
            try {
                pool.submit(entry.getValue()).get(20, TimeUnit.SECONDS);
            } catch (Exception error) {
                Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
                result = "\"fail\", \"detail\": \"" + cause.toString().replaceAll("[\"\\\\\\p{Cntrl}]", "'") + "\"";
            }
            System.out.println("{\"case\": \"" + entry.getKey() + "\", \"result\": " + result + "}");
        }
        System.exit(0);
    }

    static Connection open(Opener opener) throws Exception {
        return opener.open(URL, Map.of("Authorization", "Bearer " + TOKEN), List.of());
    }

    static Object finish(Connection connection) throws Exception {
        connection.close(1000, "");
        return null;
    }

    static Connection said(Connection connection, String text) throws Exception {
        connection.send(say(text));
        same(connection.receive(), saidText(text));
        return connection;
    }

    static Connection reply(Connection connection) throws Exception {
        for (String id : List.of("a", "b")) {
            connection.send("{\"type\":\"ask\",\"id\":\"" + id + "\",\"text\":\"" + TEXT + "\"}");
        }
        int length = TEXT.getBytes(StandardCharsets.UTF_8).length;
        for (String id : List.of("a", "b")) {
            same(connection.receive(), "{\"type\":\"answer\",\"id\":\"" + id + "\",\"length\":" + length + "}");
        }
        return connection;
    }

    static Connection binary(Connection connection) throws Exception {
        byte[] sent = new byte[1 << 20];
        for (int i = 0; i < sent.length; i++) sent[i] = (byte) (i * 7);
        connection.send(sent);
        if (!Arrays.equals(sent, (byte[]) connection.receive())) throw new Exception("other bytes");
        return connection;
    }

    static String say(String text) { return "{\"type\":\"say\",\"text\":\"" + text + "\"}"; }
    static String saidText(String text) { return "{\"type\":\"said\",\"room\":\"lobby\",\"text\":\"" + text + "\"}"; }

    static void same(Object found, Object expected) throws Exception {
        if (!expected.equals(found)) throw new Exception(short_(found) + " instead of " + short_(expected));
    }

    static String short_(Object value) {
        String text = String.valueOf(value);
        return text.substring(0, Math.min(150, text.length()));
    }
}
