package dev.fanfare.hub;

import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A log, the window on its newest part, and the loops that serve cursors. It knows nothing of HTTP.
 *
 * <pre>{@code
 * try (Hub hub = Hub.inMemory()) {
 *     PullCursor cursor = hub.pull(Subscription.to("orders/*"));
 *     hub.publish(Publication.of("orders/42", Event.message("paid")));
 *     cursor.next(Duration.ofSeconds(1)).writeTo(System.out);
 * }
 * }</pre>
 *
 * Thread-safe. A transport with threads of its own makes a {@link Loop} for each of them; {@link #pull} uses one thread of the hub's.
 */
public final class Hub implements AutoCloseable {

    private static final long CLOSE_SECONDS = 5;

    /** So much of the log is put into the window at first: those who come back after a restart are mostly not far behind. */
    private static final long MOST_BYTES_AT_FIRST = 8 << 20;

    private final EventLog log;
    private final HubListener listener;
    private final HubSettings settings;
    private final FrameEncoder encoder;
    private final Window window;
    private final Frame comment;
    private final EndListeners endListeners;
    private final ReconnectionTimes reconnectionTimes;
    private final List<Loop> loops = new CopyOnWriteArrayList<>();
    private final String idPrefix =
            Integer.toString(ThreadLocalRandom.current().nextInt(36 * 36 * 36, 36 * 36 * 36 * 36), 36);
    private @Nullable ScheduledExecutorService ownThread;
    private @Nullable Loop ownLoop;

    /**
     * A hub on this log, which it closes with itself.
     *
     * @param encoder the framing of the transport that most streams use
     */
    public Hub(EventLog log, HubSettings settings, FrameEncoder encoder) {
        this(log, settings, encoder, HubListener.NONE);
    }

    /** As above, and somebody hears what it does. */
    public Hub(EventLog log, HubSettings settings, FrameEncoder encoder, HubListener listener) {
        this.log = listener == HubListener.NONE ? log : new ObservedLog(log, listener);
        this.listener = listener;
        this.settings = settings;
        this.encoder = encoder;
        this.reconnectionTimes = new ReconnectionTimes(
                settings.retry().toMillis(), settings.retryMax().toMillis());
        this.comment = ControlEvents.text(encoder, ":\n");
        long after = log.recent(Math.min(settings.windowBytes() / 4, MOST_BYTES_AT_FIRST))
                .toCompletableFuture()
                .join();
        this.window = new Window(after, encoder, settings.windowBytes());
        this.endListeners = new EndListeners(log, window);
        log.follow(after, endListeners).toCompletableFuture().join();
        window.countFromHere();
    }

    /** A hub with a log in memory and the default bounds. */
    public static Hub inMemory() {
        return new Hub(new MemoryLog(), HubSettings.DEFAULT, FrameEncoder.PLAIN);
    }

    /**
     * Publishes an event.
     *
     * @return its id, once it is durable and every loop of this process can read it; of a key used before, the first event's. Fails
     *     with {@link AppendRefused}
     */
    public CompletionStage<String> publish(Publication publication) {
        return append(publication, List.of(publication));
    }

    /** Publishes an event and ends its canonical topic, both or neither; completes as {@link #publish(Publication)} does. */
    public CompletionStage<String> publishLast(Publication publication) {
        return append(publication, List.of(publication, new TopicEnded(publication.topic(), TopicEnded.Reason.DONE)));
    }

    private CompletionStage<String> append(Publication first, List<Entry> entries) {
        return log.append(entries).thenApply(positions -> {
            String chosen = first.event().id();
            return chosen == null ? Position.text(positions[0]) : chosen;
        });
    }

    /** Publishes an event to one topic. */
    public CompletionStage<String> publish(String topic, Event event) {
        return publish(Publication.of(topic, event));
    }

    /**
     * Ends a topic: it takes no more events, and streams of it alone end.
     *
     * @return the id of the end, once it is durable; of a topic that has ended before, the first end's
     * @throws IllegalArgumentException if it is {@link Topic#ALL}
     */
    public CompletionStage<String> end(Topic topic, TopicEnded.Reason reason) {
        return log.append(List.of(new TopicEnded(topic, reason))).thenApply(positions -> Position.text(positions[0]));
    }

    /**
     * Has this called once, on any thread, when a topic's end is appended, by whomever. It must be quick and must not block. It is not
     * called for a topic that has ended already: a publication to it is refused.
     *
     * @return ends the wait when it is closed; one that is being called just then is not held up
     */
    public AutoCloseable onEnd(Topic topic, Runnable onEnd) {
        return endListeners.add(topic, onEnd);
    }

    /** Forgets a topic's history. Completes once no read of any loop returns an earlier event of it. */
    public CompletionStage<Void> delete(Topic topic) {
        return log.append(List.of(new TopicDeleted(topic))).thenCompose(positions -> passed());
    }

    /** Completes when every loop has passed what is in the window now. */
    public CompletionStage<Void> passed() {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (Loop loop : loops) {
            all.add(loop.passed().toCompletableFuture());
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    /** A loop on this thread, which must be a single one. */
    public synchronized Loop loop(ScheduledExecutorService thread) {
        Loop loop = new Loop(this, window, thread, idPrefix + "-" + loops.size() + "-");
        loops.add(loop);
        return loop;
    }

    /** The loops made so far. */
    public List<Loop> loops() {
        return List.copyOf(loops);
    }

    /** A cursor that is read by whoever wants to, at its own pace. */
    public PullCursor pull(Subscription subscription) {
        PullCursor cursor = new PullCursor(ownLoop());
        cursor.open(subscription);
        return cursor;
    }

    private synchronized Loop ownLoop() {
        if (ownLoop == null) {
            ownThread = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "fanfare-hub");
                thread.setDaemon(true);
                return thread;
            });
            ownLoop = loop(ownThread);
        }
        return ownLoop;
    }

    /** The log. */
    public EventLog log() {
        return log;
    }

    /** How many bytes the window holds. */
    public long windowBytes() {
        return window.bytes();
    }

    /** Events published since this hub began, by whomever. */
    public long published() {
        return window.published();
    }

    /** Their bytes, encoded for a stream. */
    public long publishedBytes() {
        return window.publishedBytes();
    }

    /** The topics that most of the newest events are of, those of the time since {@code millis} after 1970. */
    public List<BusyTopic> busiest(long millis, int topics) {
        return BusyTopic.among(window.all(), Position.of(millis, 0), topics);
    }

    /** Deliveries so far, an event to a stream. */
    public long deliveries() {
        return loops.stream().mapToLong(loop -> loop.traffic().events()).sum();
    }

    /** Writes to streams so far, of events or anything else. */
    public long writes() {
        return loops.stream().mapToLong(loop -> loop.traffic().writes()).sum();
    }

    /** The bytes of those writes, framing included. */
    public long deliveredBytes() {
        return loops.stream().mapToLong(loop -> loop.traffic().bytes()).sum();
    }

    /** Streams that are behind what their loop has passed. */
    public int lagging() {
        return loops.stream().mapToInt(Loop::lagging).sum();
    }

    /** Framing for what is written besides events. */
    public Frame frame(String asciiText) {
        return ControlEvents.text(encoder, asciiText);
    }

    HubListener listener() {
        return listener;
    }

    Frame comment() {
        return comment;
    }

    /** The lines that every stream begins with; without a blank line they belong to its first event's block. */
    Frame preamble(long retryMillis) {
        return frame(":\nretry: " + retryMillis + "\n");
    }

    Frame retryLine(long retryMillis) {
        return frame("retry: " + retryMillis + "\n");
    }

    /**
     * After so long an id is moved on, if its stream is looked at so often: twice this is the quarter of the retention that no id may
     * be old.
     */
    Duration staleAfter() {
        return settings.retentionAge().dividedBy(8);
    }

    ReconnectionTimes reconnectionTimes() {
        return reconnectionTimes;
    }

    /** How loaded this process is, from 0 to 1: the reconnection times that streams are told grow with it. */
    public void load(double load) {
        reconnectionTimes.load(load);
    }

    /** The longest reconnection time that a stream is told at the present load, in ms. */
    public long longestRetryMillis() {
        return reconnectionTimes.longest();
    }

    /** A reconnection time for a stream that is ended or refused, of its own, so that clients ended together do not come back together. */
    public long jitteredRetryMillis() {
        return reconnectionTimes.atEnd();
    }

    /** Ends all streams, each with a reconnection time of its own, then closes the log. */
    @Override
    public void close() {
        List<CompletableFuture<Void>> ended = new ArrayList<>();
        for (Loop loop : loops) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            ended.add(done);
            try {
                loop.execute(() -> {
                    loop.close();
                    done.complete(null);
                });
            } catch (RejectedExecutionException closed) {
                done.complete(null);
            }
        }
        CompletableFuture.allOf(ended.toArray(CompletableFuture[]::new))
                .completeOnTimeout(null, CLOSE_SECONDS, TimeUnit.SECONDS)
                .join();
        log.close();
        synchronized (this) {
            if (ownThread != null) {
                ownThread.shutdown();
            }
        }
    }
}
