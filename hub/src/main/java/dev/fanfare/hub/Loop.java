package dev.fanfare.hub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the window for the cursors of one thread and writes to their sinks.
 *
 * <p>However many events come, a loop is woken once. A pass then reads the window from where the last one ended, looks each event's
 * topics up in the loop's own index, gathers it for the audiences that match, and writes what an audience has gathered to each of its
 * live cursors with one write. Events that come during a pass wait in the window for the next: under load the writes per second
 * level off and the events per write grow.
 *
 * <p>A cursor whose sink is not writable when its audience is served leaves the live set with the position up to which it was
 * served; {@link CatchUp} brings it back once it has read up to the loop's place.
 *
 * <p>Everything but {@link #wake} and {@link #execute} is confined to the loop's thread.
 */
public final class Loop {

    static final int MOST_BYTES_A_WRITE = 64 * 1024;

    private static final System.Logger LOG = System.getLogger(Loop.class.getName());

    private final Hub hub;
    private final Window window;
    private final ScheduledExecutorService executor;
    private final AtomicBoolean woken = new AtomicBoolean();
    final TopicIndex index = new TopicIndex();
    private final Fanout fanout;
    private final Pulse pulse;
    private final CatchUp catchUp;
    private final List<Batch> batches = new ArrayList<>();
    private final Runnable waker = this::wake;
    private final Traffic traffic = new Traffic();
    private final String idPrefix;

    private final ScheduledFuture<?> ticking;
    private long next;
    private volatile long at;
    private int streams;
    private volatile int open;
    private volatile int live;
    private boolean inPass;
    /** Whether audiences or cursors are being gone through, which must not change meanwhile. */
    private boolean serving;

    private boolean closed;

    Loop(Hub hub, Window window, ScheduledExecutorService executor, String idPrefix) {
        this.hub = hub;
        this.window = window;
        this.executor = executor;
        this.idPrefix = idPrefix;
        this.catchUp = new CatchUp(this, hub.log(), window, hub.listener());
        this.fanout = new Fanout(this, window, index, hub.listener());
        this.pulse = new Pulse(this, hub, window.encoder());
        goToEnd();
        window.onEntries(waker);
        this.ticking = executor.scheduleAtFixedRate(this::second, 1, 1, TimeUnit.SECONDS);
    }

    /** Goes to the end of the window. Number and position must be of one entry, though the window moves meanwhile. */
    private void goToEnd() {
        Line<WindowEntry> all = window.all();
        long end;
        long head;
        WindowEntry newest;
        do {
            end = all.last();
            newest = all.get(end - 1);
            head = window.head();
        } while (newest == null && (all.last() != end || !all.isEmpty()));
        next = end;
        at = newest == null ? head : newest.position();
        pulse.at(next);
    }

    /**
     * Opens a cursor. Its first bytes are written before this returns, or in the call's wake if its start has to be looked up.
     *
     * @param sink where it writes; must be writable
     */
    public Cursor open(Subscription subscription, Sink sink) {
        passWindow();
        Cursor cursor = new Cursor(this, index.acquire(subscription.selection()), sink, subscription, ++streams);
        cursor.laggingSince = now();
        cursor.longestRetry = (int) hub.reconnectionTimes().longest();
        pulse.add(cursor);
        open++;
        catchUp.start(cursor, subscription, hub.preamble(hub.reconnectionTimes().toTell(cursor.retry)));
        if (closed) {
            end(cursor, EndCause.SHUTDOWN, hub.jitteredRetryMillis());
        }
        traffic.publish();
        return cursor;
    }

    /** How many cursors are open; for any thread. */
    public int cursors() {
        return open;
    }

    /** How many cursors are not live; for any thread. */
    int lagging() {
        return open - live;
    }

    Traffic traffic() {
        return traffic;
    }

    /** Calls {@code each} with every cursor. */
    public void forEach(Consumer<Cursor> each) {
        pulse.forEach(each);
    }

    /** Does this on the loop's thread; for any thread. */
    public void execute(Runnable task) {
        executor.execute(task);
    }

    /** Lets a pass follow; for any thread. */
    void wake() {
        if (!woken.getAndSet(true)) {
            later(this::pass);
        }
    }

    /** Does this on the loop's thread, or not at all if that has ended: what is left of the loop must not hinder others. */
    private void later(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException shutDown) {
            window.removeWaker(waker);
        }
    }

    /** Completes when this loop has passed what is in the window now; for any thread. */
    CompletionStage<Void> passed() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        try {
            executor.execute(() -> {
                try {
                    pass();
                } finally {
                    done.complete(null);
                }
            });
        } catch (RejectedExecutionException closed) {
            done.complete(null);
        }
        return done;
    }

    ScheduledExecutorService executor() {
        return executor;
    }

    Duration staleAfter() {
        return hub.staleAfter();
    }

    long at() {
        return at;
    }

    int now() {
        return pulse.now();
    }

    String streamId(int number) {
        return idPrefix + Integer.toString(number, Character.MAX_RADIX);
    }

    void queue(Cursor cursor) {
        catchUp.queue(cursor);
    }

    /** Serves what has come since the last pass, then lets lagging cursors read on. */
    private void pass() {
        woken.set(false);
        inPass = true;
        try {
            passWindow();
            catchUp.readOn();
        } finally {
            inPass = false;
            catchUp.endOfPass();
            for (int i = 0; i < batches.size(); i++) {
                batches.get(i).release();
            }
            batches.clear();
            traffic.publish();
        }
    }

    private void passWindow() {
        serving = true;
        try {
            passEntries();
        } finally {
            serving = false;
            traffic.publish();
        }
    }

    private void passEntries() {
        Line<WindowEntry> all = window.all();
        long end = all.last(); // before the look at what is lost: what came after a loss must not be passed without it
        if (at < window.lostUpTo()) {
            fallBehind();
            end = next;
        }
        for (; next < end; next++) {
            WindowEntry entry = all.get(next);
            if (entry == null) {
                fallBehind();
                break;
            }
            Publication publication = entry.publication();
            if (publication != null) {
                fanout.gather(entry, next, publication);
            }
            at = entry.position();
            if (entry.fact() instanceof TopicDeleted deletion) {
                catchUp.deleted(deletion.topic());
            } else if (entry.fact() instanceof TopicEnded ended) {
                fanout.ended(ended.topic(), at);
            }
            if (pulse.isSweepDue(next)) {
                fanout.serve();
                pulse.sweep(next);
            }
        }
        fanout.serve();
    }

    /** The window has moved past this loop's place, or has lost what came after it: all live cursors read on from there by themselves. */
    private void fallBehind() {
        fanout.serve();
        boolean slow = at >= window.lostUpTo();
        for (Audience audience : index.audiences()) {
            for (int i = audience.live() - 1; i >= 0; i--) {
                Cursor cursor = audience.live(i);
                if (slow || !cursor.sink.writable()) {
                    lag(cursor, at);
                } else {
                    readOn(cursor, at);
                }
            }
        }
        goToEnd();
        catchUp.queueAll();
    }

    /** A batch that lives until the end of this pass. */
    Batch batch(Form form, List<WindowEntry> entries, long to, boolean divisible) {
        return released(merge(form, entries, to, divisible));
    }

    /** A batch that its maker releases. */
    Batch merge(Form form, List<WindowEntry> entries, long to, boolean divisible) {
        List<Frame> frames = new ArrayList<>(entries.size());
        long[] positions = new long[entries.size()];
        for (int i = 0; i < positions.length; i++) {
            frames.add(entries.get(i).frame(form, window));
            positions[i] = entries.get(i).position();
        }
        return new Batch(frames, positions, to, divisible);
    }

    /** Has a batch released at the end of this pass, or of the next. */
    Batch released(Batch batch) {
        batches.add(batch);
        haveEndOfPass();
        return batch;
    }

    /** Has a pass end after this: now's, or another. */
    void haveEndOfPass() {
        if (!inPass) {
            wake();
        }
    }

    /** A live cursor's sink takes no more: it reads on from a position when it can, or whatever was asked for such a case. */
    void lag(Cursor cursor, long position) {
        leave(cursor, position);
        cursor.skipping = cursor.slow == Subscription.Slow.LATEST;
        if (cursor.slow == Subscription.Slow.CLOSE) {
            later(() -> cursor.end(EndCause.SLOW, hub.jitteredRetryMillis()));
        } else {
            catchUp.lagging(cursor);
        }
    }

    /** A live cursor, whose sink takes more, reads on by itself from a position. */
    void readOn(Cursor cursor, long position) {
        leave(cursor, position);
        catchUp.queue(cursor);
    }

    private void leave(Cursor cursor, long position) {
        cursor.audience.leave(cursor);
        live--;
        cursor.state = Cursor.State.LAGGING;
        cursor.laggingSince = now();
        cursor.position = position;
    }

    /** A cursor has read up to the loop's place: from here on it gets what the loop passes. */
    void join(Cursor cursor) {
        cursor.state = Cursor.State.LIVE;
        cursor.skipping = false;
        cursor.audience.join(cursor);
        live++;
    }

    private void second() {
        passWindow();
        serving = true;
        try {
            pulse.tick();
        } finally {
            serving = false;
        }
    }

    /** A sink has thrown: its cursor is closed, and nobody else hears of it. */
    void broken(Cursor cursor, RuntimeException failure) {
        LOG.log(System.Logger.Level.WARNING, "stream " + cursor.id() + " is closed: its sink failed", failure);
        cursor.gone = true;
        later(() -> over(cursor, EndCause.ERROR));
    }

    /** Asks, and goes on with the outcome on this loop: at once if it is there, else when it comes. */
    <T> void ask(Supplier<CompletionStage<T>> question, BiConsumer<@Nullable T, @Nullable Throwable> next) {
        CompletionStage<T> stage;
        try {
            stage = question.get();
        } catch (RuntimeException failure) {
            stage = CompletableFuture.failedFuture(failure);
        }
        if (stage.toCompletableFuture().isDone()) {
            stage.whenComplete(next);
        } else {
            stage.whenComplete((value, failure) -> later(() -> next.accept(value, failure)));
        }
    }

    private static void endSink(Cursor cursor) {
        try {
            cursor.sink.end();
        } catch (RuntimeException failure) {
            LOG.log(System.Logger.Level.WARNING, "the sink of stream " + cursor.id() + " failed to end", failure);
        }
    }

    void close(Cursor cursor) {
        if (cursor.state == Cursor.State.CLOSED) {
            return;
        }
        cursor.gone = true;
        if (serving) { // called from within a sink
            later(() -> close(cursor));
            return;
        }
        if (cursor.state == Cursor.State.LIVE) {
            cursor.audience.leave(cursor);
            live--;
        }
        cursor.state = Cursor.State.CLOSED;
        pulse.remove(cursor);
        index.release(cursor.audience);
        open--;
    }

    void end(Cursor cursor, EndCause cause, long retryMillis) {
        if (cursor.state != Cursor.State.CLOSED) {
            Batch farewell = Batch.unplaced(List.of(hub.retryLine(retryMillis)));
            cursor.write(farewell);
            farewell.release();
            over(cursor, cause);
        }
    }

    /** Nothing more comes for a cursor. */
    void over(Cursor cursor, EndCause cause) {
        if (cursor.state != Cursor.State.CLOSED) {
            cursor.cause = cause;
            close(cursor);
            endSink(cursor);
        }
    }

    /** Ends all cursors, each with its own reconnection time, and serves no more. */
    void close() {
        if (!closed) {
            closed = true;
            ticking.cancel(false);
            window.removeWaker(waker);
            List<Cursor> all = new ArrayList<>();
            forEach(all::add);
            all.forEach(cursor -> end(cursor, EndCause.SHUTDOWN, hub.jitteredRetryMillis()));
        }
    }
}
