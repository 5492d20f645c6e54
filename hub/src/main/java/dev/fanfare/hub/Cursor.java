package dev.fanfare.hub;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A subscriber: a position, a selection, and the reading of what comes after. It is live while it takes every new event as it comes;
 * it lags, and reads by itself, from its start or since its sink could not be written to, until it has caught up.
 *
 * <p>All methods are for the thread of its loop.
 */
public final class Cursor {

    enum State {
        /** In the live set: has been given all that its loop has passed. */
        LIVE,
        /** To read on when its sink is writable. */
        LAGGING,
        /** Waits for a read of the log. */
        READING,
        /** Done. */
        CLOSED
    }

    final Loop loop;
    final Audience audience;
    final Sink sink;
    final Form form;
    final Subscription.Slow slow;
    final int number;
    final boolean heartbeatEvents;
    final int heartbeat;
    /** How often it is looked at, in seconds: for its heartbeat, and whether its place is stale. */
    final int interval;
    /** The reconnection time that was asked for, in ms. */
    final int retry;

    State state = State.LAGGING;
    /** Lagging: read up to here. Live: of no meaning, the loop's place counts. */
    long position;
    /** The newest position the client knows by an id. */
    long lastId;
    /** Broadcasts only after this position. */
    long broadcastsAfter;
    /** Which removals it was told of. */
    long judged = Reading.EVERY_GAP;
    /** It was too slow and skips to the newest. */
    boolean skipping;
    /** What has to be said before the next event. */
    @Nullable
    Beginning beginning;
    /** Place in the audience's live set. */
    int place = -1;
    /** The second of the last write. */
    int lastWrite;
    /** Not live: the second since when. */
    int laggingSince;
    /** The longest reconnection time there was, in ms, when this one was told its own. */
    int longestRetry;
    /** Closed, or about to be: nothing is written any more. */
    boolean gone;
    /** Waiting in the loop's list of cursors to read on. */
    boolean queued;

    int slot;

    @Nullable
    Cursor nextDue;

    @Nullable
    Cursor previousDue;

    /** Why it is over, once it is. */
    EndCause cause = EndCause.CLIENT;

    private long bytes;

    /** What a stream is told before its first event; gone once it is said. */
    static final class Beginning {
        /** The first bytes, until they are written. */
        @Nullable
        Frame preamble;
        /** Whether {@code fanfare-open} is due. */
        boolean open;
        /** Only the newest event of each topic, until the first read is done. */
        boolean newest;
        /** The gap to tell, and after which id it is. */
        @Nullable
        Gap gap;

        String gapAfter = "";
    }

    Cursor(Loop loop, Audience audience, Sink sink, Subscription subscription, int number) {
        this.loop = loop;
        this.audience = audience;
        this.sink = sink;
        this.form = subscription.form();
        this.slow = subscription.slow();
        this.heartbeat = (int) subscription.heartbeat().toSeconds();
        this.interval = (int) Math.max(1, Math.min(heartbeat, loop.staleAfter().toSeconds()));
        this.heartbeatEvents = subscription.heartbeatEvents();
        this.number = number;
        this.retry = (int) subscription.retry().toMillis();
    }

    /** The stream's id, as in {@code fanfare-open}. */
    public String id() {
        return loop.streamId(number);
    }

    /** The selectors it reads. */
    public List<Selector> selectors() {
        return audience.selection.selectors();
    }

    /** Whether it is behind what its loop has passed. */
    public boolean isLagging() {
        return state == State.LAGGING || state == State.READING;
    }

    /** How many milliseconds of the log it is behind. */
    public long lagMillis() {
        return isLagging() ? Math.max(0, Position.millis(loop.at()) - Position.millis(position)) : 0;
    }

    /** For how many seconds it has been behind without a break. */
    public int laggingSeconds() {
        return isLagging() ? loop.now() - laggingSince : 0;
    }

    /** How many bytes, framing included, were written to its sink. */
    public long bytes() {
        return bytes;
    }

    /** Where it writes. */
    public Sink sink() {
        return sink;
    }

    /** The sink can be written to again. */
    public void resume() {
        if (state == State.LAGGING) {
            loop.queue(this);
        }
    }

    /** The subscriber has gone; nothing is written any more. */
    public void close() {
        loop.close(this);
    }

    /** Ends the stream, and tells the client when to come back. */
    public void end(EndCause why, long retryMillis) {
        loop.end(this, why, retryMillis);
    }

    /** Why it is over; of no meaning while it goes on. */
    public EndCause cause() {
        return cause;
    }

    boolean canReadOn() {
        return sink.writable() && sink.wantsHistory();
    }

    /** Returns how many frames the sink took. One that throws has gone. */
    int write(Batch batch) {
        if (gone) {
            return batch.frames().size();
        }
        lastWrite = loop.now();
        try {
            int taken = sink.write(batch);
            int size = batch.bytes(taken);
            bytes += size;
            loop.traffic().wrote(size);
            return taken;
        } catch (RuntimeException broken) {
            loop.broken(this, broken);
            return batch.frames().size();
        }
    }
}
