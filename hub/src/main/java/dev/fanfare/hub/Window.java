package dev.fanfare.hub;

import static java.util.Objects.requireNonNull;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The newest part of the log, held in memory as frames, in order and linked per topic.
 *
 * <p>The log's follower is the one writer. Loops read without a lock: live ones by number along {@link #all}, lagging cursors by
 * position. What a cursor behind {@link #floor} reads here may have holes, so the floor rises before anything is removed, and a
 * reader looks at it again after reading.
 */
final class Window implements EventLog.Follower {

    private static final int MOST_SCANNED = 8_192;

    private final Line<WindowEntry> all = new Line<>();
    private final Map<String, Line<WindowEntry>> topics = new ConcurrentHashMap<>();
    private final List<Runnable> wakers = new CopyOnWriteArrayList<>();
    private final FrameEncoder encoder;
    private final long maxBytes;
    private volatile long floor;
    private volatile long head;
    private volatile long lost;
    private final AtomicLong bytes = new AtomicLong();
    private final LongAdder published = new LongAdder();
    private final LongAdder publishedBytes = new LongAdder();

    /** Entries for a cursor: the next ones, how far was looked, how many were passed over. */
    record Read(List<WindowEntry> entries, long to, long skipped) {}

    Window(long tail, FrameEncoder encoder, long maxBytes) {
        this.floor = tail;
        this.head = tail;
        this.encoder = encoder;
        this.maxBytes = maxBytes;
    }

    /** Calls this after new entries have come. */
    void onEntries(Runnable waker) {
        wakers.add(waker);
    }

    void removeWaker(Runnable waker) {
        wakers.remove(waker);
    }

    @Override
    public void entries(List<Stored> entries) {
        for (int i = 0; i < entries.size(); i++) {
            add(entries.get(i));
        }
        for (Runnable waker : wakers) {
            waker.run();
        }
    }

    private void add(Stored stored) {
        WindowEntry entry = new WindowEntry(stored);
        if (stored.entry() instanceof TopicDeleted deletion) {
            floor = stored.position();
            topics.remove(deletion.topic().name());
        } else if (entry.publication() != null) {
            published.increment();
            publishedBytes.add(Frame.size(entry.frame(Form.PLAIN, this)));
        }
        for (Topic topic : entry.topics()) {
            topics.computeIfAbsent(topic.name(), name -> new Line<>()).add(entry);
        }
        all.add(entry);
        head = stored.position();
        occupy(entry.weight());
        while (bytes.get() > maxBytes && all.last() - all.first() > 1) {
            trim(requireNonNull(all.get(all.first()), "oldest entry"));
        }
    }

    @Override
    public void expired(long position) {
        for (WindowEntry oldest = all.get(all.first());
                oldest != null && oldest.position() <= position;
                oldest = all.get(all.first())) {
            trim(oldest);
        }
    }

    /** What lies before this position has holes: nothing of it is read here any more, and loops have their cursors ask the log. */
    @Override
    public void lost(long position) {
        floor = position;
        expired(position);
        head = position;
        lost = position;
        for (Runnable waker : wakers) {
            waker.run();
        }
    }

    private void trim(WindowEntry oldest) {
        floor = Math.max(floor, oldest.position());
        all.removeFirst();
        occupy(-oldest.leave());
        for (Topic topic : oldest.topics()) {
            Line<WindowEntry> line = topics.get(topic.name());
            if (line != null && line.get(line.first()) == oldest) {
                line.removeFirst();
                if (line.isEmpty()) {
                    topics.remove(topic.name());
                }
            }
        }
    }

    /** What has come so far was there before, and does not count as published. */
    void countFromHere() {
        published.reset();
        publishedBytes.reset();
    }

    long published() {
        return published.sum();
    }

    long publishedBytes() {
        return publishedBytes.sum();
    }

    Line<WindowEntry> all() {
        return all;
    }

    FrameEncoder encoder() {
        return encoder;
    }

    void occupy(int more) {
        bytes.addAndGet(more);
    }

    /** An event in the form that a stream wants. */
    Frame encode(Form form, Publication publication, long position) {
        return switch (form) {
            case PLAIN -> ControlEvents.frame(encoder, publication.eventAt(position), null);
            case TOPIC -> ControlEvents.frame(encoder, publication.eventAt(position), publication.topic());
            case ENVELOPE -> ControlEvents.frame(encoder, ControlEvents.envelope(publication, position), null);
            case ALSO -> ControlEvents.frameOfAllTopics(encoder, publication, position);
        };
    }

    /** Entries up to here, since the last that came before, are missing; 0 if none are. */
    long lostUpTo() {
        return lost;
    }

    /** The newest entry's position, or that up to which entries were lost; at first the position before all entries. */
    long head() {
        return head;
    }

    long bytes() {
        return bytes.get();
    }

    /** Whether all that comes after a position, up to {@link #head}, is here. */
    boolean covers(long position) {
        return position >= floor && position <= head;
    }

    /**
     * Reads forward, but not beyond {@code upTo}, nor to the end of a topic of a selection that can end: whether it was the last the
     * log knows. Null where only the log can be read, because the window has moved past the reading's position or an end comes next.
     */
    @Nullable
    Read read(Reading reading, long upTo) {
        if (!covers(reading.after())) {
            return null;
        }
        Read read = reading.newest() ? newest(reading, upTo) : next(reading, upTo);
        return covers(reading.after()) ? read : null;
    }

    private @Nullable Read next(Reading reading, long upTo) {
        List<WindowEntry> found = new ArrayList<>();
        Iterator<WindowEntry> candidates = candidates(reading);
        long to = reading.after();
        int room = reading.bytes();
        boolean canEnd = reading.selection().canEnd();
        for (int scanned = 0; candidates.hasNext(); scanned++) {
            WindowEntry entry = candidates.next();
            if (entry.position() > upTo) {
                break;
            }
            if (scanned == MOST_SCANNED || room <= 0) {
                return new Read(found, to, 0);
            }
            if (canEnd && entry.fact() instanceof TopicEnded) {
                return found.isEmpty() || reading.newest() ? null : new Read(found, entry.position() - 1, 0);
            }
            Publication publication = entry.publication();
            if (publication != null && wants(reading, publication, entry.position())) {
                int size = Frame.size(entry.frame(Form.PLAIN, this));
                if (size > room && !found.isEmpty()) {
                    return new Read(found, to, 0);
                }
                found.add(entry);
                room -= size;
            }
            to = entry.position();
        }
        return new Read(found, upTo, 0);
    }

    private static boolean wants(Reading reading, Publication publication, long position) {
        if (!reading.selection().wants(publication.event().type())) {
            return false;
        }
        List<Topic> topics = publication.topics();
        for (int i = 0; i < topics.size(); i++) {
            if (reading.wants(topics.get(i), position)) {
                return true;
            }
        }
        return false;
    }

    private Iterator<WindowEntry> candidates(Reading reading) {
        List<Line<WindowEntry>> lines = new ArrayList<>();
        for (Selector selector : reading.selection().selectors()) {
            if (selector.isPattern()) {
                return new MergedLines<>(List.of(all), reading.after());
            }
            addLine(lines, selector.toString());
        }
        addLine(lines, Topic.ALL.name());
        return new MergedLines<>(lines, reading.after());
    }

    private void addLine(List<Line<WindowEntry>> lines, String topic) {
        Line<WindowEntry> line = topics.get(topic);
        if (line != null && !lines.contains(line)) {
            lines.add(line);
        }
    }

    /** Of the next events, those that are the newest of a topic of theirs. */
    private @Nullable Read newest(Reading reading, long upTo) {
        Read next = next(
                new Reading(
                        reading.selection(), reading.after(), reading.broadcastsAfter(), 0, Integer.MAX_VALUE, true, 0),
                upTo);
        if (next == null) {
            return null;
        }
        Set<Topic> seen = new HashSet<>();
        ArrayDeque<WindowEntry> newest = new ArrayDeque<>();
        for (int i = next.entries().size() - 1; i >= 0; i--) {
            WindowEntry entry = next.entries().get(i);
            Publication publication = entry.publication();
            boolean first = false;
            for (Topic topic : publication == null ? List.<Topic>of() : publication.topics()) {
                first |= reading.wants(topic, entry.position()) && seen.add(topic);
            }
            if (first) {
                newest.addFirst(entry);
            }
        }
        List<WindowEntry> fit = new ArrayList<>();
        for (int room = reading.bytes(); room > 0 && !newest.isEmpty(); fit.add(newest.removeFirst())) {
            room -= Frame.size(newest.getFirst().frame(Form.PLAIN, this));
        }
        long to = newest.isEmpty() ? next.to() : fit.get(fit.size() - 1).position();
        long covered =
                next.entries().stream().filter(entry -> entry.position() <= to).count();
        return new Read(fit, to, covered - fit.size());
    }
}
