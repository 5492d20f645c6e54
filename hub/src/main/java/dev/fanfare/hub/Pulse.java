package dev.fanfare.hub;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a loop sends to streams that get no events: heartbeats, and ids that move their place on before it expires or lies too far
 * back. Confined to the loop's thread.
 */
final class Pulse {

    /** The last id a client has is moved on before so many entries have passed by it. */
    private static final int STALE_AFTER_ENTRIES = 10_000;

    private static final int SWEEP_EVERY = 2_000;

    private final Loop loop;
    private final Hub hub;
    private final FrameEncoder encoder;
    private final Heartbeats heartbeats = new Heartbeats();
    /** The loop's places at the last sweeps, the oldest first. */
    private final long[] swept = new long[STALE_AFTER_ENTRIES / SWEEP_EVERY - 1];

    private long nextSweep;

    Pulse(Loop loop, Hub hub, FrameEncoder encoder) {
        this.loop = loop;
        this.hub = hub;
        this.encoder = encoder;
    }

    /** The loop is at this entry of the window, not by passing all before it. */
    void at(long next) {
        nextSweep = next + SWEEP_EVERY;
        Arrays.fill(swept, loop.at());
    }

    /** Seconds since the loop began. */
    int now() {
        return heartbeats.now();
    }

    void add(Cursor cursor) {
        cursor.lastWrite = heartbeats.now();
        heartbeats.add(cursor, heartbeats.now() + cursor.interval);
    }

    void remove(Cursor cursor) {
        heartbeats.remove(cursor);
    }

    void forEach(Consumer<Cursor> each) {
        heartbeats.forEach(each);
    }

    /** Whether {@value #SWEEP_EVERY} entries have passed since the last sweep. */
    boolean isSweepDue(long next) {
        return next >= nextSweep;
    }

    /** Moves the ids of streams on that have not been sent one for long. */
    void sweep(long next) {
        nextSweep = next + SWEEP_EVERY;
        long stale = swept[0];
        System.arraycopy(swept, 1, swept, 0, swept.length - 1);
        swept[swept.length - 1] = loop.at();
        Batch heartbeat = place();
        heartbeats.forEach(cursor -> {
            if (cursor.lastId < stale) {
                moveOn(cursor, heartbeat);
            }
        });
    }

    /** A second has passed: idle streams get their heartbeat, and old ids are moved on. */
    void tick() {
        long old = Position.of(
                Math.max(0, System.currentTimeMillis() - hub.staleAfter().toMillis()), 0);
        Batch comment = loop.released(Batch.unplaced(List.of(hub.comment())));
        Batch event = loop.released(ControlEvents.batch(encoder, ControlEvents.heartbeat(null)));
        Batch place = place();
        heartbeats.tick(this::tellRetry, cursor -> {
            if (!cursor.sink.writable()) {
                return;
            }
            boolean live = cursor.state == Cursor.State.LIVE;
            boolean idle = heartbeats.now() - cursor.lastWrite >= cursor.heartbeat;
            if (live && (cursor.heartbeatEvents && idle || cursor.lastId < old && cursor.lastId < loop.at())) {
                moveOn(cursor, place);
            } else if (idle) {
                cursor.write(cursor.heartbeatEvents ? event : comment);
            }
        });
    }

    /** Streams that were told a reconnection time at another load hear of today's; for the heartbeat this is no write. */
    private void tellRetry(Cursor cursor) {
        ReconnectionTimes times = hub.reconnectionTimes();
        if (times.hasMovedFrom(cursor.longestRetry) && cursor.sink.writable()) {
            int lastWrite = cursor.lastWrite;
            cursor.longestRetry = (int) times.longest();
            cursor.write(loop.released(Batch.unplaced(List.of(hub.retryLine(times.toTell(cursor.retry))))));
            cursor.lastWrite = lastWrite;
        }
    }

    private Batch place() {
        return loop.released(ControlEvents.batch(encoder, ControlEvents.heartbeat(loop.at())));
    }

    private void moveOn(Cursor cursor, Batch heartbeat) {
        if (cursor.state == Cursor.State.LIVE && cursor.sink.writable()) {
            cursor.write(heartbeat);
            cursor.lastId = loop.at();
        }
    }
}
