package dev.fanfare.client;

import dev.fanfare.stream.Event;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Publishes events to a Fanfare node, each once, and each topic's in the order they were given.
 *
 * <pre>{@code
 * try (Publisher publisher = Publisher.to(URI.create("http://127.0.0.1:7070")).open()) {
 *     publisher.publish("orders/42", Event.of("shipped", "{}")).thenAccept(id -> System.out.println(id));
 * }
 * }</pre>
 *
 * <p><b>Once.</b> Every publish has an Idempotency-Key of its own, the same in all its attempts. Lost connections, 408, 429, 502, 503
 * and 504 are tried again, after waits that grow and are never shorter than a {@code Retry-After}, until
 * {@link PublisherBuilder#deadline}; every other refusal is final.
 *
 * <p><b>In order.</b> One request per topic is under way at a time, and the next begins when its fate is known; several topics go at
 * once, up to {@link PublisherBuilder#maxInFlight}. So one topic takes one event per round trip. A publish that fails is left out,
 * and those behind it go on. Topics have no order among each other, nor do calls from several threads.
 *
 * <p><b>Bounded.</b> What is not answered yet is held in memory, up to {@link PublisherBuilder#maxPending} publishes and
 * {@link PublisherBuilder#maxPendingBytes} of data. When that is full, a publish fails at once, and the caller, who may be an event
 * loop, is not held up; {@link WhenFull#BLOCK} makes it wait instead.
 *
 * <p><b>Threads.</b> Thread-safe. Stages complete on threads that all publishers and sources share, where waiting for another stage is
 * allowed; for other work that blocks, use their {@code Async} methods with an executor.
 */
public final class Publisher implements AutoCloseable {

    private final PublisherBuilder.Settings settings;

    private final Object lock = new Object();
    // guarded by lock
    private final Map<String, Deque<Publication>> topics =
            new HashMap<>(); // the first of each is under way or waits for its turn
    private final Deque<Deque<Publication>> turns = new ArrayDeque<>(); // of topics whose first has not begun
    private int inFlight;
    private int pending;
    private long pendingBytes;
    private boolean closed;
    private CompletableFuture<Void> changed =
            new CompletableFuture<>(); // completed and replaced when something has been settled

    Publisher(PublisherBuilder.Settings settings) {
        this.settings = settings;
    }

    /** Settings for a publisher to a node, by its URI, with the path under which it is reached if that is not {@code /}. */
    public static PublisherBuilder to(URI node) {
        return new PublisherBuilder(node);
    }

    /**
     * Publishes an event. An id and a reconnection time that it has are sent along; without an id, the node gives one.
     *
     * @return completes with the event's id once the node holds it. Fails with {@link RefusedException} when the node refuses it;
     *     {@link TimeoutException} when no answer came by the deadline, or before {@link #close} gave up, and then it may have been
     *     published all the same; {@link RejectedExecutionException} when there is no room, or the publisher is closed
     */
    public CompletionStage<String> publish(String topic, Event event) {
        Publication publication = new Publication(settings, topic, event);
        RejectedExecutionException refusal = admit(publication);
        if (refusal != null) {
            return CompletableFuture.failedFuture(refusal);
        }
        begin();
        return publication.result();
    }

    /**
     * Publishes an object as JSON; otherwise as {@link #publish(String, Event)}. What the JSON writer throws, this throws.
     *
     * @throws IllegalStateException if the builder was given no {@link PublisherBuilder#json}
     */
    public CompletionStage<String> publish(String topic, String type, Object value) {
        return publish(topic, Event.of(type, settings.json().write(value)));
    }

    /**
     * Takes no more, waits until what is pending is settled or {@link PublisherBuilder#closeTimeout} has passed, and fails the rest.
     * When the waiting thread is interrupted, it fails the rest at once and leaves the thread interrupted.
     */
    @Override
    public void close() {
        long until = System.nanoTime() + settings.closeTimeout().toNanos();
        synchronized (lock) {
            closed = true;
        }
        settled(); // wakes those who wait for room
        boolean go = true;
        while (go) {
            CompletableFuture<Void> next;
            synchronized (lock) {
                if (pending == 0) {
                    return;
                }
                next = changed;
            }
            go = await(next, until);
        }
        List<Publication> rest = new ArrayList<>();
        synchronized (lock) {
            topics.values().forEach(rest::addAll);
            topics.clear();
            turns.clear();
            pending = 0;
            pendingBytes = 0;
        }
        rest.forEach(publication -> publication.abandon(
                new TimeoutException("publisher closed before an answer came; it may have been published")));
    }

    private @Nullable RejectedExecutionException admit(Publication publication) {
        long until = System.nanoTime() + settings.deadline().toNanos();
        boolean go = settings.whenFull() == WhenFull.BLOCK;
        while (true) {
            CompletableFuture<Void> next;
            synchronized (lock) {
                if (closed) {
                    return new RejectedExecutionException("publisher is closed");
                }
                if (pending < settings.maxPending()
                        && pendingBytes + publication.bytes() <= settings.maxPendingBytes()) {
                    enqueue(publication);
                    return null;
                }
                if (!go || publication.bytes() > settings.maxPendingBytes()) {
                    return full(publication);
                }
                next = changed;
            }
            go = await(next, until);
        }
    }

    private void enqueue(Publication publication) {
        pending++;
        pendingBytes += publication.bytes();
        Deque<Publication> queue = topics.computeIfAbsent(publication.topic(), topic -> new ArrayDeque<>());
        queue.add(publication);
        if (queue.size() == 1) {
            turns.add(queue);
        }
    }

    private RejectedExecutionException full(Publication publication) {
        return new RejectedExecutionException("no room for " + publication.bytes() + " bytes: " + pending
                + " publishes pending (limit " + settings.maxPending() + ") with " + pendingBytes + " bytes (limit "
                + settings.maxPendingBytes() + ")");
    }

    private void begin() {
        while (true) {
            Publication next;
            synchronized (lock) {
                if (inFlight == settings.maxInFlight() || turns.isEmpty()) {
                    return;
                }
                inFlight++;
                next = turns.remove().element();
            }
            next.begin(this::settle);
        }
    }

    /** The fate of a publication that had begun is known. */
    private void settle(Publication publication) {
        synchronized (lock) {
            Deque<Publication> queue = topics.get(publication.topic());
            if (queue == null) {
                return; // close() has given up
            }
            inFlight--;
            pending--;
            pendingBytes -= publication.bytes();
            queue.remove();
            if (queue.isEmpty()) {
                topics.remove(publication.topic());
            } else {
                turns.add(queue);
            }
        }
        settled();
        begin();
    }

    private void settled() {
        CompletableFuture<Void> before;
        synchronized (lock) {
            before = changed;
            changed = new CompletableFuture<>();
        }
        before.complete(null);
    }

    /** False if it did not come in time, or the thread was interrupted. */
    private static boolean await(CompletableFuture<Void> change, long until) {
        try {
            change.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** What a publish does when the buffer is full. */
    public enum WhenFull {
        /** It fails at once with a {@link RejectedExecutionException}. */
        FAIL,
        /** It waits for room, no longer than the deadline, and then fails. Not for event loops. */
        BLOCK
    }

    /** Writes objects as JSON, by whatever library there is. Thread-safe. */
    @FunctionalInterface
    public interface Json {
        /** The JSON text of the value. */
        String write(Object value);
    }
}
