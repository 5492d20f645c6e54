package dev.fanfare.http;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Publication;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The events of one request on their way into the log: in order, and none after one that was refused.
 *
 * <p>One batch is with the log at a time, and events gather meanwhile for the next: the slower the log, the larger the batches. A log
 * takes a batch whole or not at all, so when one of its events is refused, the events of that batch are handed over one by one, up to
 * the refused one. What is held is bounded by the caller: it adds nothing while this {@linkplain #isFull is full}.
 *
 * <p>Confined to one thread, where the log's answers are taken to.
 */
public final class OrderedAppends {

    private static final int MOST_EVENTS = 1_000;
    private static final long MOST_BYTES = 1 << 20;

    private final EventLog log;
    private final Executor thread;
    private final Runnable onProgress;

    private List<Publication> gathered = new ArrayList<>();
    private long gatheredBytes;
    /** Of a batch that was refused as a whole. */
    private List<Publication> oneByOne = List.of();

    private int nextOfOneByOne;
    private boolean inFlight;
    private boolean handingOver;
    private @Nullable Throwable failure;
    private long published;
    private @Nullable Publication last;
    private long lastPosition;

    /**
     * Appends to this log.
     *
     * @param thread runs on the thread to which this is confined: at once, when that is the calling one
     * @param onProgress called there after each of the log's answers
     */
    public OrderedAppends(EventLog log, Executor thread, Runnable onProgress) {
        this.log = log;
        this.thread = thread;
        this.onProgress = onProgress;
    }

    /** The next event. It is dropped if one before it was refused. */
    public void add(Publication publication) {
        if (failure != null) {
            return;
        }
        gathered.add(publication);
        gatheredBytes += publication.event().data().length();
        if (isFull()) {
            flush();
        }
    }

    /** Whether as much waits for the log as may. */
    public boolean isFull() {
        return gathered.size() >= MOST_EVENTS || gatheredBytes >= MOST_BYTES;
    }

    /** Hands over what has gathered, unless the log still has a batch: then that is next. */
    public void flush() {
        if (handingOver) {
            return;
        }
        handingOver = true;
        while (!inFlight && failure == null) {
            List<Publication> batch = next();
            if (batch.isEmpty()) {
                break;
            }
            inFlight = true;
            log.append(batch)
                    .whenComplete((positions, refusal) -> thread.execute(() -> done(batch, positions, refusal)));
        }
        handingOver = false;
    }

    private List<Publication> next() {
        if (nextOfOneByOne < oneByOne.size()) {
            return List.of(oneByOne.get(nextOfOneByOne++));
        }
        oneByOne = List.of();
        nextOfOneByOne = 0;
        List<Publication> batch = gathered;
        gathered = new ArrayList<>(batch.size());
        gatheredBytes = 0;
        return batch;
    }

    private void done(List<Publication> batch, long @Nullable [] positions, @Nullable Throwable refusal) {
        inFlight = false;
        if (positions != null) {
            published += positions.length;
            last = batch.get(batch.size() - 1);
            lastPosition = positions[positions.length - 1];
        } else if (batch.size() > 1 && isOfOneEvent(refusal)) {
            oneByOne = batch;
        } else {
            failure = refusal == null ? new IllegalStateException("no positions") : refusal;
            drop();
        }
        flush();
        onProgress.run();
    }

    /** Whether a refusal is for what one event says, so that those before it may do. */
    private static boolean isOfOneEvent(@Nullable Throwable refusal) {
        Throwable cause = refusal instanceof CompletionException ? refusal.getCause() : refusal;
        return cause instanceof AppendRefused refused
                && switch (refused.reason()) {
                    case KEY_CONFLICT, ENDED, NO_ROOM -> true;
                    case DISK_FULL, UNAVAILABLE -> false;
                };
    }

    /** Forgets what the log does not have yet. */
    public void drop() {
        gathered = new ArrayList<>();
        gatheredBytes = 0;
        oneByOne = List.of();
        nextOfOneByOne = 0;
    }

    /** Whether the log has answered for all there was. */
    public boolean isIdle() {
        return !inFlight && gathered.isEmpty() && nextOfOneByOne >= oneByOne.size();
    }

    /** Why the first event that was refused was. */
    public @Nullable Throwable failure() {
        return failure;
    }

    /** What is published. */
    public Published published() {
        return last == null ? Published.NOTHING : Published.upTo(last, lastPosition, published);
    }
}
