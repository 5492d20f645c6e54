package dev.fanfare.server;

import dev.fanfare.auth.AuthSettings;
import dev.fanfare.auth.Authenticator;
import dev.fanfare.http.SubscribeRequest;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.HubSettings;
import dev.fanfare.hub.MemoryLog;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Subscription;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A node on a free port with the defaults of HTTP.md, and short ways to ask it something. */
final class TestNode implements AutoCloseable {

    /** What a test may set; all else is as HTTP.md has it. */
    static final class Bounds {
        boolean insecure;
        List<String> hostNames = List.of();

        @Nullable
        List<String> origins;

        int streams = 10_000;
        int eventBytes = 1 << 20;
        int bodyBytes = 16 << 20;
        int headBytes = 16 << 10;
        int topicsPerStream = 100;
        Duration requestTime = Duration.ofSeconds(10);
        Duration publishIdle = Duration.ofSeconds(60);
        Duration idle = Duration.ofSeconds(75);
        Duration drainDelay = Duration.ZERO;
        Duration drainTime = Duration.ZERO;

        @Nullable
        Integer streamsPerIp;

        @Nullable
        Integer streamsPerUser;

        @Nullable
        Integer publishRate;

        @Nullable
        Long catchUpRate;

        @Nullable
        Duration streamAge;

        @Nullable
        Duration maxLag;

        Duration writeTime = Duration.ofSeconds(60);
        List<String> trustedProxies = List.of();
        Duration retry = Duration.ofSeconds(3);
        Duration retryMax = Duration.ofSeconds(60);
        Duration heartbeat = Duration.ofSeconds(15);
        long windowBytes = 64L << 20;
        long logBytes = 256L << 20;
        long eventsPerTopic = Long.MAX_VALUE;
        Duration age = Duration.ofHours(24);

        @Nullable
        EventLog log;

        AuthSettings auth = AuthSettings.OPEN;

        @Nullable
        Integer adminPort;
    }

    private final Hub hub;
    private final Server server;
    private final int port;

    private TestNode(Bounds bounds) {
        Retention retention = new Retention(
                bounds.age, bounds.logBytes, bounds.eventsPerTopic, false, 10_000_000, Duration.ofMinutes(10));
        Metrics metrics = new Metrics();
        hub = new Hub(
                bounds.log == null ? new MemoryLog(retention, InstantSource.system()) : bounds.log,
                new HubSettings(bounds.windowBytes, bounds.age, bounds.retry, bounds.retryMax),
                Server.frames(),
                metrics);
        server = new Server(
                hub,
                new Authenticator(bounds.auth, InstantSource.system()),
                new ServerSettings(
                        "127.0.0.1",
                        0,
                        bounds.adminPort,
                        2,
                        bounds.insecure,
                        bounds.hostNames,
                        bounds.origins,
                        bounds.streams,
                        bounds.eventBytes,
                        bounds.bodyBytes,
                        bounds.headBytes,
                        bounds.requestTime,
                        bounds.publishIdle,
                        bounds.idle,
                        bounds.drainDelay,
                        bounds.drainTime,
                        new Limits(
                                bounds.streamsPerIp,
                                bounds.streamsPerUser,
                                bounds.publishRate,
                                bounds.catchUpRate,
                                bounds.streamAge,
                                bounds.maxLag,
                                bounds.writeTime,
                                bounds.trustedProxies),
                        new SubscribeRequest.Defaults(
                                bounds.topicsPerStream, bounds.heartbeat, bounds.retry, Subscription.Slow.CATCH_UP)),
                metrics);
        try {
            port = server.start();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static TestNode start() {
        return new TestNode(new Bounds());
    }

    static TestNode with(Consumer<Bounds> change) {
        Bounds bounds = new Bounds();
        change.accept(bounds);
        return new TestNode(bounds);
    }

    Hub hub() {
        return hub;
    }

    /** What SIGTERM begins with; blocks until all streams have ended. */
    void drain() {
        server.drain();
    }

    int port() {
        return port;
    }

    Wire connect() {
        return Wire.to(port);
    }

    /** The answer to one request on a connection of its own. */
    Answer ask(String method, String target, String... headers) {
        try (Wire wire = connect()) {
            wire.send(Wire.request(method, target, headers));
            return method.equals("HEAD") ? wire.head() : wire.answer();
        }
    }

    /** As {@link #ask}, at the port of what is the operator's. */
    Answer askAdmin(String method, String target, String... headers) {
        try (Wire wire = Wire.to(server.adminPort())) {
            return wire.send(Wire.request(method, target, headers)).answer();
        }
    }

    Answer get(String target, String... headers) {
        return ask("GET", target, headers);
    }

    Answer post(String target, String body, String... headers) {
        try (Wire wire = connect()) {
            return wire.post(target, body, headers).answer();
        }
    }

    /** Publishes and returns the id. */
    String publish(String target, String data) {
        return post("/topics/" + target, data).has(201).string("id");
    }

    Subscriber subscribe(String target, String... headers) {
        return new Subscriber(connect().get(target, headers));
    }

    /** A stream from {@code /events} without {@code fanfare-open}, its first lines read. */
    Subscriber listen(String query, String... headers) {
        Subscriber subscriber = subscribe("/events?open=none&" + query, headers);
        subscriber.lead();
        return subscriber;
    }

    /** A JSON page from {@code /events}. */
    Answer page(String query, String... headers) {
        try (Wire wire = connect()) {
            String head = Wire.request("GET", "/events?" + query, headers);
            return wire.send(head.replaceFirst("\r\n", "\r\nAccept: application/json\r\n"))
                    .answer();
        }
    }

    long streams() {
        return (Long) get("/stats").has(200).field("streams");
    }

    void hasStreams(long count) {
        Awaitility.await("streams in /stats").until(this::streams, found -> found == count);
    }

    static String encode(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    @Override
    public void close() {
        server.close();
    }
}
