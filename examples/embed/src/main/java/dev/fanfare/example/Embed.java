package dev.fanfare.example;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fanfare.hub.Batch;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.PullCursor;
import dev.fanfare.hub.Subscription;
import dev.fanfare.stream.Event;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The hub in the JDK's own HTTP server: {@code GET /topics/a} streams a topic, {@code POST /topics/a} publishes to it. */
public final class Embed implements AutoCloseable {
    private static final String TOPICS = "/topics/";

    private final Hub hub;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** Serves a hub, which it closes with itself. */
    public Embed(Hub hub, int port) throws IOException {
        this.hub = hub;
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext(TOPICS, this::handle);
        server.setExecutor(threads); // a stream blocks its thread while its client does not read
        server.start();
    }

    /** Serves a hub in memory on port 8080. */
    public static void main(String[] args) throws IOException {
        System.out.println("http://127.0.0.1:" + new Embed(Hub.inMemory(), 8080).port() + "/topics/hello");
    }

    /** Where it listens. */
    public int port() {
        return server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        String topic = exchange.getRequestURI().getPath().substring(TOPICS.length());
        try {
            if (exchange.getRequestMethod().equals("POST")) {
                String data = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                hub.publish(topic, Event.message(data)).toCompletableFuture().join();
                exchange.sendResponseHeaders(201, -1);
            } else {
                stream(exchange, topic);
            }
        } catch (IllegalArgumentException refused) { // no topic
            exchange.sendResponseHeaders(400, -1);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    private void stream(HttpExchange exchange, String topic) throws IOException, InterruptedException {
        String lastEventId = exchange.getRequestHeaders().getFirst("Last-Event-ID");
        try (PullCursor cursor = hub.pull(Subscription.to(topic).resumeAfter(lastEventId))) {
            exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
            exchange.getResponseHeaders().set("Cache-Control", "no-store, no-transform");
            exchange.sendResponseHeaders(200, 0);
            OutputStream out = exchange.getResponseBody();
            while (!cursor.ended()) {
                Batch batch = cursor.next(Duration.ofMinutes(1));
                if (batch != null) {
                    batch.writeTo(out); // blocks while the client does not read: the cursor waits, and costs nothing
                    out.flush();
                }
            }
        }
    }

    @Override
    public void close() {
        hub.close();
        server.stop(0);
        threads.shutdownNow();
    }
}
