package dev.fanfare.client;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The settings of an {@link EventSource}, all with defaults. Not thread-safe; may be used for several sources. */
public final class EventSourceBuilder {

    private final URI uri;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private Supplier<Map<String, String>> moreHeaders = Map::of;
    private String lastEventId = "";
    private Duration reconnectionTime = Duration.ofSeconds(3);
    private Duration maxBackoff = Duration.ofSeconds(60);
    private Duration idleTimeout = Duration.ofSeconds(45);
    private Duration steadyAfter = Duration.ofSeconds(10);
    private int maxBuffer = 4 * 1024 * 1024;
    private DoubleSupplier chance = Backoff::random;
    private HttpClient.Version version = HttpClient.Version.HTTP_1_1;
    private @Nullable HttpClient http;
    private @Nullable Executor executor;

    EventSourceBuilder(URI uri) {
        this.uri = Endpoint.requireHttp(uri);
    }

    /**
     * A header of every connection. It goes to the origin of the URI, not to where a redirect leads outside of it.
     *
     * @throws IllegalArgumentException if java.net.http cannot send it
     */
    public EventSourceBuilder header(String name, String value) {
        Endpoint.requireHeader(name, value);
        headers.put(name, value);
        return this;
    }

    /**
     * Headers that are asked for at every connection, for tokens that run out. Asked on a callback thread. If it throws, the
     * connection counts as lost and is tried again.
     */
    public EventSourceBuilder headers(Supplier<Map<String, String>> supplier) {
        moreHeaders = requireNonNull(supplier, "supplier");
        return this;
    }

    /** Where to start: the last event ID that an earlier source of this stream had. Default: none. */
    public EventSourceBuilder lastEventId(String id) {
        lastEventId = requireNonNull(id, "id");
        return this;
    }

    /** The wait before another connection until the stream says otherwise by {@code retry:}. 1 ms to 1 day; default 3 s. */
    public EventSourceBuilder reconnectionTime(Duration time) {
        reconnectionTime = Durations.requireWithin("reconnectionTime", time, Duration.ofMillis(1));
        return this;
    }

    /** What the doubling of the wait ends at, unless the stream's own reconnection time is longer. 1 ms to 1 day; default 60 s. */
    public EventSourceBuilder maxBackoff(Duration time) {
        maxBackoff = Durations.requireWithin("maxBackoff", time, Duration.ofMillis(1));
        return this;
    }

    /**
     * The silence after which a stream, or an attempt to open one, counts as lost. Longer than the server's heartbeat interval. Zero
     * for no such limit; otherwise up to 1 day; default 45 s.
     */
    public EventSourceBuilder idleTimeout(Duration time) {
        idleTimeout = Durations.requireWithin("idleTimeout", time, Duration.ZERO);
        return this;
    }

    /** The bytes that one event may need in memory; a larger one ends the source. At least 1; default 4 MiB. */
    public EventSourceBuilder maxBuffer(int bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("maxBuffer: " + bytes + " (expected: > 0)");
        }
        maxBuffer = bytes;
        return this;
    }

    /** The HTTP client to use instead of the shared one, for a proxy or certificates. If it follows redirects, its rules hold. */
    public EventSourceBuilder httpClient(HttpClient client) {
        http = requireNonNull(client, "client");
        return this;
    }

    /** The HTTP version to ask for. Default HTTP/1.1: over cleartext, java.net.http would ask to upgrade each connection. */
    public EventSourceBuilder version(HttpClient.Version newVersion) {
        version = requireNonNull(newVersion, "newVersion");
        return this;
    }

    /**
     * The threads for the listener, instead of the shared ones; for listeners that block for long. The order of calls does not
     * depend on it.
     */
    public EventSourceBuilder executor(Executor threads) {
        executor = requireNonNull(threads, "threads");
        return this;
    }

    /** Opens a source, which connects at once. */
    public EventSource open(EventSource.Listener listener) {
        Endpoint endpoint = new Endpoint(
                uri, new LinkedHashMap<>(headers), moreHeaders, http == null ? Shared.http() : http, version);
        Settings settings = new Settings(
                endpoint,
                lastEventId,
                reconnectionTime,
                maxBackoff,
                idleTimeout,
                steadyAfter,
                maxBuffer,
                chance,
                executor == null ? Shared.callbacks() : executor);
        return new EventSource(settings, listener);
    }

    /** For tests: the time a stream must be open to reset the back-off, and the chance in it. */
    EventSourceBuilder timing(Duration newSteadyAfter, DoubleSupplier newChance) {
        steadyAfter = newSteadyAfter;
        chance = newChance;
        return this;
    }

    /** The settings as they were when a source was opened. */
    record Settings(
            Endpoint endpoint,
            String lastEventId,
            Duration reconnectionTime,
            Duration maxBackoff,
            Duration idleTimeout,
            Duration steadyAfter,
            int maxBuffer,
            DoubleSupplier chance,
            Executor executor) {}
}
