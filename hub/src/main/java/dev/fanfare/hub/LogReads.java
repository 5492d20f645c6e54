package dev.fanfare.hub;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;

/** A loop's reads of the log: one for all cursors that want the same, and so many at once. Confined to the loop's thread. */
final class LogReads {

    private static final int MOST_AT_ONCE = 8;

    private final Loop loop;
    private final EventLog log;
    private final CatchUp catchUp;
    private final Map<CatchUp.Step, Read> reads = new HashMap<>();
    private final Queue<Read> waiting = new ArrayDeque<>();
    private int reading;
    private boolean beginning;

    private static final class Read {
        final CatchUp.Step step;
        final List<Cursor> readers = new ArrayList<>(1);
        boolean begun;
        /** Something it reads was deleted after it began. */
        boolean stale;

        Read(CatchUp.Step step) {
            this.step = step;
        }
    }

    LogReads(Loop loop, EventLog log, CatchUp catchUp) {
        this.loop = loop;
        this.log = log;
        this.catchUp = catchUp;
    }

    /** Reads for a cursor, which hears of the outcome through {@link CatchUp#take} or {@link CatchUp#readAgain}. */
    void add(CatchUp.Step step, Cursor cursor) {
        Read read = reads.get(step);
        if (read != null) {
            read.readers.add(cursor);
            return;
        }
        read = new Read(step);
        read.readers.add(cursor);
        reads.put(step, read);
        waiting.add(read);
        begin();
    }

    /** What reads under way have seen of this topic must not be delivered any more. */
    void deleted(Topic topic) {
        reads.values().removeIf(read -> {
            read.stale = read.begun && read.step.reading().selection().matches(topic);
            return read.stale;
        });
    }

    /** Begins as many reads as may be. One that completes at once comes back here, and the loop goes on, not the stack. */
    private void begin() {
        if (!beginning) {
            beginning = true;
            while (reading < MOST_AT_ONCE && !waiting.isEmpty()) {
                begin(waiting.remove());
            }
            beginning = false;
        }
    }

    private void begin(Read read) {
        reading++;
        read.begun = true;
        loop.ask(() -> Page.read(log, read.step.reading()), (page, failure) -> {
            reading--;
            if (read.stale) {
                catchUp.readAgain(read.readers);
            } else {
                reads.remove(read.step);
                catchUp.take(read.readers, read.step, page);
            }
            begin();
        });
    }
}
