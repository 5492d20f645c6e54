package dev.fanfare.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Answers as docs/http.md says, and remembers what it was asked. */
final class FakeNode implements AutoCloseable {

    /** What came, each as one line: method, path and query, last event ID, credential, body. */
    final List<String> requests = new CopyOnWriteArrayList<>();

    private final Queue<String> streams = new ArrayDeque<>();
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private int published;

    FakeNode() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/topics/", this::publish);
        server.createContext("/events", this::subscribe);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** The next request for a stream gets this and then the end; one for which there is none is refused. */
    FakeNode streams(String... blocks) {
        streams.addAll(List.of(blocks));
        return this;
    }

    private synchronized void publish(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
        remember(exchange, body);
        if (body.equals("too large")) {
            refuse(exchange, 413, "send less");
        } else {
            published++;
            answer(exchange, 201, "application/json", "{\"id\":\"1763683200000-" + published + "\"}");
        }
    }

    private synchronized void subscribe(HttpExchange exchange) throws IOException {
        remember(exchange, "");
        String stream = streams.poll();
        if (stream == null) {
            refuse(exchange, 403, "ask for less");
        } else {
            answer(exchange, 200, "text/event-stream", ":\nretry: 500\n" + stream);
        }
    }

    private void remember(HttpExchange exchange, String body) {
        String id = exchange.getRequestHeaders().getFirst("Last-Event-ID");
        String credential = exchange.getRequestHeaders().getFirst("Authorization");
        requests.add((exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                        + (id == null ? "" : "after " + id + " ")
                        + (credential == null ? "" : credential + " ")
                        + body)
                .strip());
    }

    private static void refuse(HttpExchange exchange, int status, String detail) throws IOException {
        String problem = "{\"title\":\"Refused\",\"status\":%d,\"detail\":\"%s\"}".formatted(status, detail);
        answer(exchange, status, "application/problem+json", problem);
    }

    private static void answer(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
