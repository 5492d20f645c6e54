package dev.fanfare.hub;

import dev.fanfare.stream.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How the cursors of a loop that are not live read on: where they start, along the window, from the log when the window has moved
 * past them, until they are at the loop's place and join the live set.
 *
 * <p>Nothing is lost or doubled at that seam because both sides are positions of one order: a cursor never reads beyond the loop's
 * place, joins only when it has read exactly up to it, and then gets what the loop passes next. A read may end beyond the loop's
 * place when another node appended; such a cursor waits until the loop has come there.
 *
 * <p>Cursors at the same position that want the same share what is read: one batch a pass from the window, one read of the log.
 */
final class CatchUp {

    private static final int EVENTS_A_READ = 1_000;
    private static final long RETRY_NANOS = 500_000_000;
    /**
     * So long cursors that catch up are served in a pass, and so long the next such pass waits: live ones are served in between,
     * however many come back at once.
     */
    private static final long MOST_NANOS_A_PASS = 1_000_000;

    private static final int MOST_BATCHES_KEPT = 64;

    private final Loop loop;
    private final EventLog log;
    private final Window window;
    private final HubListener listener;
    private List<Cursor> queued = new ArrayList<>();
    /** Those whose position the loop has not reached. */
    private final List<Cursor> ahead = new ArrayList<>();

    /** What was read from the window, for the others that want the same, in this pass or soon after. */
    private final Map<Step, Batch> fromWindow = new HashMap<>();

    private final LogReads reads;
    private final Latecomers latecomers;

    /** What cursors must have in common to share a read. */
    record Step(Form form, Reading reading) {}

    CatchUp(Loop loop, EventLog log, Window window, HubListener listener) {
        this.loop = loop;
        this.log = log;
        this.window = window;
        this.listener = listener;
        this.reads = new LogReads(loop, log, this);
        this.latecomers = new Latecomers(loop, log, this);
    }

    /** Finds where a new cursor begins, and sends its first bytes. */
    void start(Cursor cursor, Subscription subscription, Frame preamble) {
        Cursor.Beginning beginning = new Cursor.Beginning();
        beginning.preamble = preamble;
        beginning.open = subscription.open() && subscription.lastEventId() == null;
        cursor.beginning = beginning;
        cursor.state = Cursor.State.READING;
        find(cursor, beginning, subscription);
        if (beginning.preamble != null) {
            tell(cursor, beginning, List.of(), Position.START);
        }
    }

    private void find(Cursor cursor, Cursor.Beginning beginning, Subscription subscription) {
        loop.ask(() -> Place.find(log, subscription, loop.at()), (place, failure) -> {
            if (cursor.state != Cursor.State.READING) {
                return;
            }
            if (place == null) {
                retry(() -> {
                    if (cursor.state == Cursor.State.READING) {
                        find(cursor, beginning, subscription);
                    }
                });
                return;
            }
            if (place.unknownId()) {
                beginning.gap = new Gap(Gap.Reason.UNKNOWN_ID, cursor.selectors());
            }
            beginning.gapAfter = place.named();
            beginning.newest = place.newest();
            cursor.position = place.position();
            cursor.lastId = place.position();
            cursor.broadcastsAfter = place.broadcastsAfter();
            cursor.judged = place.judged();
            cursor.state = Cursor.State.LAGGING;
            readOn(cursor);
            latecomers.begins(cursor, place.position());
        });
    }

    /** Lets a cursor read on in the next pass. */
    void queue(Cursor cursor) {
        if (!cursor.queued) {
            cursor.queued = true;
            queued.add(cursor);
            loop.wake();
        }
    }

    /** A cursor has left the live set; its sink will say when it can go on. */
    void lagging(Cursor cursor) {
        if (cursor.canReadOn()) {
            queue(cursor);
        }
    }

    /** Lets all that can go on. */
    void queueAll() {
        loop.forEach(cursor -> {
            if (cursor.state == Cursor.State.LAGGING) {
                lagging(cursor);
            }
        });
    }

    /** Takes each cursor that can read on one step further, or as many as there is time for; the others have the next pass. */
    void readOn() {
        if (!ahead.isEmpty()) {
            // without a wake: this pass takes them, and until the loop has moved there is nothing to do
            for (Cursor cursor : ahead) {
                if (!cursor.queued) {
                    cursor.queued = true;
                    queued.add(cursor);
                }
            }
            ahead.clear();
        }
        List<Cursor> ready = queued;
        queued = new ArrayList<>();
        long end = System.nanoTime() + MOST_NANOS_A_PASS;
        for (int i = 0; i < ready.size(); i++) {
            if (System.nanoTime() - end > 0) {
                queued.addAll(0, ready.subList(i, ready.size()));
                later(loop::wake, MOST_NANOS_A_PASS);
                return;
            }
            Cursor cursor = ready.get(i);
            cursor.queued = false;
            if (cursor.state == Cursor.State.LAGGING && cursor.canReadOn()) {
                readOn(cursor);
            }
        }
    }

    /** Lets go of what was read for others, unless there are others. */
    void endOfPass() {
        if (queued.isEmpty() || fromWindow.size() > MOST_BATCHES_KEPT) {
            forgetBatches();
        }
    }

    private void forgetBatches() {
        fromWindow.values().forEach(Batch::release);
        fromWindow.clear();
    }

    private void readOn(Cursor cursor) {
        boolean begun = cursor.beginning == null;
        boolean newest = cursor.beginning != null && cursor.beginning.newest;
        if (cursor.position > loop.at() && (begun || cursor.position <= window.head())) {
            ahead.add(cursor);
        } else if (cursor.position == loop.at() && begun) {
            loop.join(cursor);
        } else if (newest) {
            readLog(cursor);
        } else if (!(cursor.skipping && begun ? skipToNewest(cursor) : readWindow(cursor))) {
            readLog(cursor);
        }
    }

    private Reading reading(Cursor cursor, boolean newest) {
        return new Reading(
                cursor.audience.selection,
                cursor.position,
                Math.max(cursor.position, cursor.broadcastsAfter),
                EVENTS_A_READ,
                Loop.MOST_BYTES_A_WRITE,
                newest,
                cursor.judged);
    }

    /** One batch along the window; false if the window does not reach back so far. */
    private boolean readWindow(Cursor cursor) {
        if (!window.covers(cursor.position)) {
            return false;
        }
        Step step = new Step(cursor.form, reading(cursor, false));
        Batch batch = fromWindow.get(step);
        if (batch == null) {
            Window.Read read = window.read(step.reading(), loop.at());
            if (read == null) {
                return false;
            }
            batch = loop.merge(cursor.form, read.entries(), read.to(), true);
            if (!read.entries().isEmpty()) { // else it ends at the loop's place, which moves
                fromWindow.put(step, batch);
                loop.haveEndOfPass();
            }
        }
        if (cursor.judged == Reading.NO_GAP) {
            cursor.judged = Reading.EVERY_GAP; // it has its place now: what is removed after it is missing
        }
        say(cursor, cursor.position, batch);
        return true;
    }

    private boolean skipToNewest(Cursor cursor) {
        Window.Read read = window.read(reading(cursor, true), loop.at());
        if (read == null) {
            return false;
        }
        skip(
                cursor,
                read.entries().isEmpty() ? read.to() : read.entries().get(0).position() - 1,
                read.skipped());
        say(cursor, read.to(), loop.batch(cursor.form, read.entries(), read.to(), false));
        return true;
    }

    private void skip(Cursor cursor, long resumedAt, long skipped) {
        if (skipped != 0) {
            Cursor.Beginning beginning = new Cursor.Beginning();
            beginning.gap = new Gap(Gap.Reason.SLOW_CONSUMER, cursor.selectors(), skipped);
            beginning.gapAfter = Position.text(cursor.position);
            tell(cursor, beginning, resumedAt);
        }
    }

    private void readLog(Cursor cursor) {
        boolean newest = cursor.beginning == null ? cursor.skipping : cursor.beginning.newest;
        Step step = new Step(cursor.form, reading(cursor, newest));
        cursor.state = Cursor.State.READING;
        reads.add(step, cursor);
    }

    /** The loop has passed a deletion: what reads under way have seen of this topic must not be delivered any more. */
    void deleted(Topic topic) {
        reads.deleted(topic);
        forgetBatches();
    }

    /** What was read for these may not be delivered any more. */
    void readAgain(List<Cursor> readers) {
        for (Cursor cursor : readers) {
            if (cursor.state == Cursor.State.READING) {
                cursor.state = Cursor.State.LAGGING;
                queue(cursor);
            }
        }
    }

    /** A read of the log has ended; no page if it failed. */
    void take(List<Cursor> readers, Step step, @Nullable Page page) {
        Batch batch =
                page == null ? null : batch(step.form(), page, step.reading().newest());
        for (Cursor cursor : readers) {
            if (cursor.state == Cursor.State.READING) {
                cursor.state = Cursor.State.LAGGING;
                if (page == null || batch == null) {
                    retry(() -> queue(cursor));
                } else {
                    take(cursor, page, batch);
                }
            }
        }
        if (batch != null) {
            batch.release();
        }
    }

    /** A batch that its maker releases. */
    Batch batch(Form form, Page page, boolean newest) {
        List<Frame> frames = new ArrayList<>(page.entries().size());
        long[] positions = new long[page.entries().size()];
        for (Stored stored : page.entries()) {
            positions[frames.size()] = stored.position();
            if (stored.entry() instanceof Publication publication) {
                frames.add(window.encode(form, publication, stored.position()));
            } else if (stored.entry() instanceof TopicEnded end) {
                Event event = ControlEvents.end(end.reason(), stored.position());
                frames.add(ControlEvents.frame(window.encoder(), event, null));
            }
        }
        return new Batch(frames, positions, page.scannedTo(), !newest, page.isLast());
    }

    private void take(Cursor cursor, Page page, Batch batch) {
        cursor.judged = page.judged();
        if (page.gap() != null) {
            Cursor.Beginning beginning = cursor.beginning == null ? new Cursor.Beginning() : cursor.beginning;
            cursor.beginning = beginning;
            beginning.gap = beginning.gap == null ? page.gap() : beginning.gap;
            beginning.gapAfter = beginning.gapAfter.isEmpty() ? Position.text(cursor.position) : beginning.gapAfter;
        }
        long before = page.entries().isEmpty()
                ? page.scannedTo()
                : page.entries().get(0).position() - 1;
        boolean moreOfNewest = cursor.beginning != null && cursor.beginning.newest && page.more();
        if (cursor.skipping) {
            skip(cursor, before, page.skipped());
        }
        if (page.entries().isEmpty() && page.more()) {
            moved(cursor, page.scannedTo());
        } else {
            say(cursor, before, batch);
        }
        if (moreOfNewest && cursor.beginning == null) {
            cursor.beginning = new Cursor.Beginning();
            cursor.beginning.newest = true;
        }
    }

    /** Gives a stream its next events, after what it must know before the first one. */
    private void say(Cursor cursor, long before, Batch batch) {
        Cursor.Beginning beginning = cursor.beginning;
        if (beginning != null) {
            cursor.beginning = null;
            tell(cursor, beginning, before);
        }
        int frames = batch.frames().size();
        if (frames == 0) {
            moved(cursor, batch.to());
            return;
        }
        int taken = cursor.write(batch);
        loop.traffic().delivered(taken);
        cursor.lastId = batch.position(taken - 1);
        if (taken == frames && batch.isLast()) {
            loop.over(cursor, EndCause.TOPIC_ENDED);
        } else {
            moved(cursor, taken == frames ? batch.to() : cursor.lastId);
        }
    }

    private void tell(Cursor cursor, Cursor.Beginning beginning, long before) {
        List<Event> events = new ArrayList<>(2);
        long id = before;
        if (beginning.open) {
            id = cursor.position == Position.START ? before : cursor.position;
            events.add(ControlEvents.open(cursor.id(), loop.at(), id));
        }
        if (beginning.gap != null) {
            id = before;
            events.add(ControlEvents.gap(beginning.gapAfter, before, beginning.gap));
            listener.gap(beginning.gap.reason());
        }
        tell(cursor, beginning, events, id);
    }

    private void tell(Cursor cursor, Cursor.Beginning beginning, List<Event> events, long id) {
        List<Frame> frames = new ArrayList<>(3);
        if (beginning.preamble != null) {
            frames.add(beginning.preamble);
            beginning.preamble = null;
        }
        for (Event event : events) {
            frames.add(ControlEvents.frame(window.encoder(), event, null));
            cursor.lastId = id;
        }
        if (!frames.isEmpty()) {
            Batch batch = Batch.unplaced(frames);
            cursor.write(batch);
            batch.release();
        }
    }

    private void moved(Cursor cursor, long position) {
        cursor.position = position;
        if (cursor.gone) {
            return;
        }
        if (position == loop.at() && cursor.beginning == null) {
            loop.join(cursor);
        } else if (cursor.canReadOn()) {
            queue(cursor);
        }
    }

    /** Does this a little later: the log had no answer, or the sink no room. */
    void retry(Runnable task) {
        later(task, RETRY_NANOS);
    }

    private void later(Runnable task, long nanos) {
        try {
            loop.executor().schedule(task, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException shutDown) {
            // the loop's thread has ended, and with it all its cursors
        }
    }
}
