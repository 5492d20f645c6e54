package dev.fanfare.server;

import dev.fanfare.hub.Loop;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one event loop has: the hub's loop on its thread, and the connections that are not streams, with their deadlines, looked at
 * once a second. Confined to that thread.
 */
final class Worker {

    private final EventLoop eventLoop;
    private final Loop loop;
    private final Set<Connection> connections = new HashSet<>();
    /** Streams whose clients have not taken all of what they were sent. */
    private final Set<EventStream> blocked = new HashSet<>();

    private final Supplier<ServerSettings> settings;
    private byte[] scratch = {};
    private long now;
    private String date;
    private @Nullable CompletableFuture<Void> stopped;

    Worker(EventLoop eventLoop, Loop loop, Supplier<ServerSettings> settings) {
        this.eventLoop = eventLoop;
        this.loop = loop;
        this.settings = settings;
        this.date = date();
        eventLoop.scheduleAtFixedRate(this::tick, 1, 1, TimeUnit.SECONDS);
    }

    private static long seconds(Duration time) {
        return Math.max(1, time.toSeconds());
    }

    private static String date() {
        return DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC));
    }

    private void tick() {
        now++;
        date = date();
        List<Connection> overdue = new ArrayList<>();
        for (Connection connection : connections) {
            if (connection.deadline() <= now) {
                overdue.add(connection);
            }
        }
        overdue.forEach(Connection::expire);
        List.copyOf(blocked).forEach(stream -> stream.lookAtBlocked(now));
    }

    EventLoop eventLoop() {
        return eventLoop;
    }

    Loop loop() {
        return loop;
    }

    /** Seconds since it began. */
    long now() {
        return now;
    }

    /** The client of a stream is slow in taking what it was sent: the stream is looked at each second. */
    void blocked(EventStream stream) {
        blocked.add(stream);
    }

    void unblocked(EventStream stream) {
        blocked.remove(stream);
    }

    /** The value of a Date header, as of this second. */
    String dateHeader() {
        return date;
    }

    long requestDeadline() {
        return now + seconds(settings.get().requestTime()) + 1;
    }

    long idleDeadline() {
        return now + seconds(settings.get().idle()) + 1;
    }

    /** By when a streaming publish must have sent something more. */
    long publishDeadline() {
        return now + seconds(settings.get().publishIdle()) + 1;
    }

    /** An array of at least this length, to be used before anything else is done on this thread. */
    byte[] scratch(int length) {
        if (scratch.length < length) {
            scratch = new byte[length];
        }
        return scratch;
    }

    void add(Connection connection) {
        connections.add(connection);
        if (stopped != null) {
            connection.stop();
        }
    }

    void remove(Connection connection) {
        connections.remove(connection);
        if (stopped != null && connections.isEmpty()) {
            stopped.complete(null);
        }
    }

    /** Has every connection close with the answers it is due; completes when they are gone. */
    CompletableFuture<Void> stop() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        stopped = done;
        List.copyOf(connections).forEach(Connection::stop);
        if (connections.isEmpty()) {
            done.complete(null);
        }
        return done;
    }
}
