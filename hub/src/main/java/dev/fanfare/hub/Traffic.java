package dev.fanfare.hub;

import java.util.concurrent.atomic.LongAdder;

/** What a loop has written to its sinks. Counted by its thread, read by any. */
final class Traffic {

    private final LongAdder events = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private long pendingWrites;
    private long pendingBytes;

    /** Events that were written, each to so many streams as there were. */
    void delivered(int count) {
        events.add(count);
    }

    /** One write to one stream. It is seen by others after {@link #publish}. */
    void wrote(int size) {
        pendingWrites++;
        pendingBytes += size;
    }

    /** Shows what was written to other threads. */
    void publish() {
        if (pendingWrites > 0) {
            writes.add(pendingWrites);
            bytes.add(pendingBytes);
            pendingWrites = 0;
            pendingBytes = 0;
        }
    }

    long events() {
        return events.sum();
    }

    long writes() {
        return writes.sum();
    }

    long bytes() {
        return bytes.sum();
    }
}
