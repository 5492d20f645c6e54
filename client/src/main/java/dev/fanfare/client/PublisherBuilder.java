package dev.fanfare.client;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The settings of a {@link Publisher}, all with defaults. Not thread-safe; may be used for several publishers. */
public final class PublisherBuilder {

    private final URI node;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private Supplier<Map<String, String>> moreHeaders = Map::of;
    private Publisher.Json json = value -> {
        throw new IllegalStateException(
                "no way to write " + value.getClass().getName() + " (expected: json(...) in the builder)");
    };
    private Publisher.WhenFull whenFull = Publisher.WhenFull.FAIL;
    private int maxPending = 1024;
    private long maxPendingBytes = 16L * 1024 * 1024;
    private int maxInFlight = 16;
    private Duration deadline = Duration.ofSeconds(60);
    private Duration requestTimeout = Duration.ofSeconds(10);
    private Duration retryTime = Duration.ofMillis(200);
    private Duration maxBackoff = Duration.ofSeconds(10);
    private Duration closeTimeout = Duration.ofSeconds(10);
    private HttpClient.Version version = HttpClient.Version.HTTP_1_1;
    private @Nullable HttpClient http;

    PublisherBuilder(URI node) {
        this.node = Endpoint.requireHttp(node);
    }

    /**
     * A header of every request.
     *
     * @throws IllegalArgumentException if java.net.http cannot send it
     */
    public PublisherBuilder header(String name, String value) {
        Endpoint.requireHeader(name, value);
        headers.put(name, value);
        return this;
    }

    /**
     * Headers that are asked for at every request, for tokens that run out. Asked on a shared thread. If it throws, the attempt
     * counts as failed and another follows.
     */
    public PublisherBuilder headers(Supplier<Map<String, String>> supplier) {
        moreHeaders = requireNonNull(supplier, "supplier");
        return this;
    }

    /** How objects become JSON. Without it, only events can be published. */
    public PublisherBuilder json(Publisher.Json writer) {
        json = requireNonNull(writer, "writer");
        return this;
    }

    /** What happens to a publish when there is no room. Default: {@link Publisher.WhenFull#FAIL}. */
    public PublisherBuilder whenFull(Publisher.WhenFull policy) {
        whenFull = requireNonNull(policy, "policy");
        return this;
    }

    /** The publishes that may be without an answer at a time, those under way included. At least 1; default 1024. */
    public PublisherBuilder maxPending(int publishes) {
        maxPending = (int) requireAtLeast("maxPending", publishes, 1);
        return this;
    }

    /**
     * The bytes of data that may be without an answer at a time. An event above it can never be published. At least 1; default
     * 16 MiB.
     */
    public PublisherBuilder maxPendingBytes(long bytes) {
        maxPendingBytes = requireAtLeast("maxPendingBytes", bytes, 1);
        return this;
    }

    /** The requests under way at a time, each for another topic, so also the connections used. At least 1; default 16. */
    public PublisherBuilder maxInFlight(int requests) {
        maxInFlight = (int) requireAtLeast("maxInFlight", requests, 1);
        return this;
    }

    /**
     * How long a publish may take from the call on, its waits and attempts included. Keep it below the node's
     * {@code idempotency.window} (10 min): past that, an attempt could double an event. 1 ms to 1 day; default 60 s.
     */
    public PublisherBuilder deadline(Duration time) {
        deadline = Durations.requireWithin("deadline", time, Duration.ofMillis(1));
        return this;
    }

    /** How long one request may take, connecting included, before it counts as lost. 1 ms to 1 day; default 10 s. */
    public PublisherBuilder requestTimeout(Duration time) {
        requestTimeout = Durations.requireWithin("requestTimeout", time, Duration.ofMillis(1));
        return this;
    }

    /** The wait before the second attempt, which doubles with each further one. 1 ms to 1 day; default 200 ms. */
    public PublisherBuilder retryTime(Duration time) {
        retryTime = Durations.requireWithin("retryTime", time, Duration.ofMillis(1));
        return this;
    }

    /** What the doubling of the wait ends at. 1 ms to 1 day; default 10 s. */
    public PublisherBuilder maxBackoff(Duration time) {
        maxBackoff = Durations.requireWithin("maxBackoff", time, Duration.ofMillis(1));
        return this;
    }

    /** How long {@link Publisher#close} waits for what is pending. Up to 1 day, zero for not at all; default 10 s. */
    public PublisherBuilder closeTimeout(Duration time) {
        closeTimeout = Durations.requireWithin("closeTimeout", time, Duration.ZERO);
        return this;
    }

    /** The HTTP client to use instead of the shared one, for a proxy or certificates. */
    public PublisherBuilder httpClient(HttpClient client) {
        http = requireNonNull(client, "client");
        return this;
    }

    /** The HTTP version to ask for. Default HTTP/1.1: over cleartext, java.net.http would ask to upgrade each connection. */
    public PublisherBuilder version(HttpClient.Version newVersion) {
        version = requireNonNull(newVersion, "newVersion");
        return this;
    }

    /** A publisher with these settings. It connects when there is something to publish. */
    public Publisher open() {
        Endpoint endpoint = new Endpoint(
                node, new LinkedHashMap<>(headers), moreHeaders, http == null ? Shared.http() : http, version);
        return new Publisher(new Settings(
                endpoint,
                json,
                whenFull,
                maxPending,
                maxPendingBytes,
                maxInFlight,
                deadline,
                requestTimeout,
                retryTime,
                maxBackoff,
                closeTimeout));
    }

    private static long requireAtLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + least + ")");
        }
        return value;
    }

    /** The settings as they were when a publisher was opened. */
    record Settings(
            Endpoint endpoint,
            Publisher.Json json,
            Publisher.WhenFull whenFull,
            int maxPending,
            long maxPendingBytes,
            int maxInFlight,
            Duration deadline,
            Duration requestTimeout,
            Duration retryTime,
            Duration maxBackoff,
            Duration closeTimeout) {}
}
