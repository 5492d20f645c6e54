package dev.fanfare.client;

import static java.util.Objects.requireNonNull;

import dev.fanfare.stream.Event;
import dev.fanfare.stream.EventParser;
import dev.fanfare.stream.EventTooLargeException;
import java.io.EOFException;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The standard's EventSource for programs: it holds an event stream open, hands each event to a listener, and when the stream
 * breaks opens it again from the last event ID, until it is closed.
 *
 * <pre>{@code
 * EventSource orders = EventSource.subscribe(URI.create("http://127.0.0.1:7070"), "orders/*")
 *         .open((event, topic) -> System.out.println(topic + ": " + event.data()));
 * }</pre>
 *
 * <p><b>What it does with an answer.</b> 200 with {@code text/event-stream}: open. 204: closed for good. Redirects (301, 302, 303,
 * 307, 308): followed, at most 20, with the user's headers only within the origin; the next connection asks the first URI again.
 * 408, 425, 429, 5xx and lost connections: asked again. Anything else: closed for good. A 200 with the header
 * {@code Fanfare-Refused} is a refusal for now, and does not count as open.
 *
 * <p><b>When it asks again.</b> After the reconnection time, which the stream's {@code retry:} sets; doubled with every attempt that
 * brought no event and was not open for 10 seconds, up to {@link EventSourceBuilder#maxBackoff}; never before a
 * {@code Retry-After}; and by chance up to half as much later. A stream on which nothing arrives for
 * {@link EventSourceBuilder#idleTimeout}, not even a heartbeat, counts as lost.
 *
 * <p><b>Threads.</b> Thread-safe. The listener is called by one thread at a time, in order, on threads that all sources share; it may
 * take its time: nothing more is read from the network meanwhile. It may close the source. There is no thread per source.
 */
public final class EventSource implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(EventSource.class.getName());

    /** The floor of the stream's {@code retry:}, lest a server be asked a thousand times a second. */
    private static final Duration SHORTEST_RETRY = Duration.ofMillis(500);

    private final EventSourceBuilder.Settings settings;
    private final Listener listener;
    private final Serial serial;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CompletableFuture<Ending> ending = new CompletableFuture<>();
    private volatile String lastEventId;
    private volatile @Nullable Connection connection;

    // touched by tasks of serial only
    private final EventParser parser;
    private final Backoff backoff;
    private @Nullable Future<?> retry;

    EventSource(EventSourceBuilder.Settings settings, Listener listener) {
        this.settings = settings;
        this.listener = requireNonNull(listener, "listener");
        lastEventId = settings.lastEventId();
        serial = new Serial(settings.executor());
        parser = new EventParser(new Incoming(), settings.maxBuffer(), settings.lastEventId());
        backoff = new Backoff(settings.reconnectionTime(), settings.maxBackoff(), settings.chance());
        serial.execute(this::connect);
    }

    /** Settings for a source of any event stream, by its URI (http or https). */
    public static EventSourceBuilder builder(URI uri) {
        return new EventSourceBuilder(uri);
    }

    /**
     * Settings for a source of topics of a Fanfare node, whose events come with their topics.
     *
     * @param node the node's URI, with the path under which it is reached if that is not {@code /}
     * @param selectors topics, or patterns such as {@code orders/*}; at least one
     */
    public static EventSourceBuilder subscribe(URI node, String... selectors) {
        if (selectors.length == 0) {
            throw new IllegalArgumentException("selectors: none (expected: at least one)");
        }
        String topics =
                Stream.of(selectors).map(s -> "topic=" + Percent.encode(s)).collect(Collectors.joining("&"));
        return builder(Endpoint.below(Endpoint.requireHttp(node), "/events?" + topics + "&with=topic"));
    }

    /** Where the next connection goes on from; empty before any id came. Of the event last given to the listener, or later. */
    public String lastEventId() {
        return lastEventId;
    }

    /** Completes with the reason once the source is closed for good and {@link Listener#closed} has returned. */
    public CompletionStage<Ending> ending() {
        return ending.minimalCompletionStage();
    }

    /**
     * Ends the stream at once and waits for nothing. From here on no callback begins except {@link Listener#closed}, which comes
     * once, after a callback that is running now. Does nothing when the source is closed already.
     */
    @Override
    public void close() {
        end(new Ending.Closed());
    }

    private void connect() {
        if (closing.get()) {
            return;
        }
        Connection next = new Connection(this, settings.endpoint(), settings.idleTimeout(), lastEventId);
        connection = next;
        if (!closing.get()) { // else close() may have come too early to see it
            next.start();
        }
    }

    Serial serial() {
        return serial;
    }

    boolean holds(Connection candidate) {
        return connection == candidate && !closing.get();
    }

    /** The connection has an event stream. */
    void opened() {
        call(listener::open);
    }

    /** The connection brought bytes. */
    void received(List<ByteBuffer> bytes) {
        try {
            for (ByteBuffer buffer : bytes) {
                parser.feed(buffer);
            }
        } catch (EventTooLargeException e) {
            end(new Ending.Failed(e));
        }
        if (!closing.get()) {
            lastEventId = parser.lastEventId(); // an id moves without an event, too (P10)
        }
    }

    /** The connection is over, by a failure or, without one, by its end; another follows, no sooner than said. */
    void lost(@Nullable Throwable cause, Duration atLeast, Duration openFor) {
        connection = null;
        parser.end();
        if (openFor.compareTo(settings.steadyAfter()) >= 0) {
            backoff.reset();
        }
        Duration delay = backoff.next(atLeast);
        Throwable reason = cause == null ? new EOFException("the server ended the stream") : cause;
        call(() -> listener.retrying(reason, delay));
        if (!closing.get()) {
            retry = Shared.after(delay, () -> serial.execute(this::connect));
        }
    }

    /** No connection follows. Any thread. */
    void end(Ending reason) {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        Connection last = connection;
        if (last != null) {
            last.cancel();
        }
        serial.execute(() -> {
            if (retry != null) {
                retry.cancel(false);
            }
            parser.end();
            call(() -> listener.closed(reason));
            ending.complete(reason);
        });
    }

    private void call(Runnable callback) {
        try {
            callback.run();
        } catch (RuntimeException | Error e) {
            LOG.log(
                    Level.ERROR,
                    () -> "the listener of " + settings.endpoint().uri() + " failed; the stream goes on",
                    e);
        }
    }

    /** What a listener of a source hears. One call at a time, in the order of the stream. What it throws is logged and ignored. */
    @FunctionalInterface
    public interface Listener {

        /** An event stream is open, the first one or another after a loss. */
        default void open() {}

        /**
         * An event.
         *
         * @param event its id is the last event ID at this place, empty if there has been none
         * @param topic its topic, where the stream was asked for {@code with=topic}; otherwise null
         */
        void event(Event event, @Nullable String topic);

        /** Events are missing here; later ones follow. */
        default void gap(Gap gap) {}

        /**
         * The stream is lost, could not be opened, or was ended by the server, and will be opened again.
         *
         * @param cause a {@link RefusedException} when the server said no; {@link EOFException} when it ended the stream
         * @param delay the wait before the next attempt
         */
        default void retrying(Throwable cause, Duration delay) {}

        /** The last call of all, exactly once. */
        default void closed(Ending ending) {}
    }

    /** Sorts what the parser reads: the node's own events from the publishers'. */
    private final class Incoming implements EventParser.Listener {

        @Override
        public void event(Event event, @Nullable String topic) {
            if (closing.get()) {
                return;
            }
            lastEventId = parser.lastEventId();
            if (!event.type().startsWith("fanfare-")) {
                backoff.reset();
                call(() -> listener.event(event, topic));
            } else if (event.type().equals("fanfare-gap")) {
                call(() -> listener.gap(Gap.of(event.data())));
            } else if (event.type().equals("fanfare-end")) {
                end(new Ending.Done(event));
            }
            // fanfare-open, fanfare-heartbeat and what a later node may add only move the last event ID
        }

        @Override
        public void retry(long millis) {
            Duration floor = Durations.shorter(SHORTEST_RETRY, settings.reconnectionTime());
            backoff.base(Durations.longer(floor, Duration.ofMillis(millis)));
        }
    }
}
