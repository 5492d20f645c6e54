package dev.fanfare.client;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 server that does to each request what a script says, byte for byte: answers, cuts, stalls, resets. Requests take the
 * scripts in order of arrival, then the last one again and again.
 */
final class ScriptedServer implements AutoCloseable {

    static final String STREAM =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"; // ends with its connection

    static {
        Awaitility.setDefaultPollInterval(Duration.ofMillis(2)); // for every test that talks to one of these
    }

    private final ServerSocket socket;
    private final Queue<Script> scripts = new ConcurrentLinkedQueue<>();
    private volatile Script last = exchange -> exchange.reset();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    ScriptedServer() throws IOException {
        this(0);
    }

    ScriptedServer(int port) throws IOException {
        socket = new ServerSocket(port, 200, InetAddress.getLoopbackAddress());
        daemon(this::accept);
    }

    /** Adds a script for one request; the last one added serves all after it, too. */
    ScriptedServer then(Script script) {
        scripts.add(script);
        last = script;
        return this;
    }

    int port() {
        return socket.getLocalPort();
    }

    URI uri(String pathAndQuery) {
        return URI.create("http://127.0.0.1:" + port() + pathAndQuery);
    }

    /** The requests so far, in order of arrival. */
    List<Request> requests() {
        return requests;
    }

    Request request(int number) {
        return requests.get(number);
    }

    @Override
    public void close() throws IOException {
        socket.close();
        for (Socket connection : open) {
            connection.close();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket connection = socket.accept();
                open.add(connection);
                daemon(() -> serve(connection));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            Exchange exchange = null;
            do {
                Request request = Request.read(in);
                if (request == null) {
                    return;
                }
                Script script;
                synchronized (scripts) {
                    requests.add(request);
                    Script next = scripts.poll();
                    script = next == null ? last : next;
                }
                exchange = new Exchange(request, connection, in);
                script.run(exchange);
            } while (!connection.isClosed() && !connection.isOutputShutdown());
        } catch (IOException e) {
            // the client has gone, which its test sees from the other side
        } finally {
            open.remove(connection);
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "scripted-server");
        thread.setDaemon(true);
        thread.start();
    }

    /** What happens to one request. */
    interface Script {
        void run(Exchange exchange) throws IOException;
    }

    /** A request as it came; header names in any case. */
    record Request(String method, String target, Map<String, String> headers, String body, long nanoTime) {

        @Nullable
        String header(String name) {
            return headers.get(name);
        }

        static @Nullable Request read(InputStream in) throws IOException {
            String first = line(in);
            if (first == null) {
                return null;
            }
            Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            for (String line = line(in); line != null && !line.isEmpty(); line = line(in)) {
                String[] parts = line.split(": ?", 2);
                headers.merge(parts[0], parts[1], (a, b) -> a + ", " + b);
            }
            byte[] body = in.readNBytes(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
            String[] parts = first.split(" ", 3);
            return new Request(
                    parts[0], parts[1], headers, new String(body, StandardCharsets.UTF_8), System.nanoTime());
        }

        private static @Nullable String line(InputStream in) throws IOException {
            StringBuilder line = new StringBuilder();
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    return null;
                }
                if (b != '\r') {
                    line.append((char) b);
                }
            }
            return line.toString();
        }
    }

    /** The server's side of one request. */
    record Exchange(Request request, Socket socket, InputStream in) {

        Exchange send(String text) throws IOException {
            return send(text.getBytes(StandardCharsets.UTF_8));
        }

        Exchange send(byte[] bytes) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            out.flush();
            return this;
        }

        /** A whole answer with a length; the connection lives on. Headers: lines that end with CRLF. */
        void answer(String status, String headers, String body) throws IOException {
            int length = body.getBytes(StandardCharsets.UTF_8).length;
            send("HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + length + "\r\n\r\n" + body);
        }

        /** Ends what was sent as a server does that is done: with a FIN. */
        void end() throws IOException {
            socket.shutdownOutput();
            untilGone();
        }

        /** Ends it within the head. (A GET that got no byte at all, java.net.http repeats by itself.) */
        void breakOff() throws IOException {
            send("HTTP/1.1 200 OK\r\nConte").end();
        }

        /** Ends it as a crash does: with an RST. */
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        /** Says nothing more, until the client has gone. */
        void untilGone() throws IOException {
            while (in.read() >= 0) {
                // nothing is expected
            }
        }
    }
}
