package dev.fanfare.hub;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * How a log in memory is read: exact topics along their own events, patterns along all. Confined to the log's lock; a read of a
 * pattern looks at no more than {@value #MOST_SCANNED} entries and then says there is more.
 */
final class MemoryReads {

    private static final int MOST_SCANNED = 20_000;

    private final NavigableMap<Long, Stored> order;
    private final TopicDirectory<Line<Stored>> topics;
    private long read;

    MemoryReads(NavigableMap<Long, Stored> order, TopicDirectory<Line<Stored>> topics) {
        this.order = order;
        this.topics = topics;
    }

    Page read(Reading reading, long tail) {
        Gap gap = topics.gap(reading, tail);
        if (reading.after() >= tail) {
            return page(List.of(), tail, false, gap, 0);
        }
        return reading.newest() ? newest(reading, tail, gap) : all(reading, tail, gap);
    }

    /** How many events were read for readers. */
    long read() {
        return read;
    }

    private Page page(List<Stored> entries, long scannedTo, boolean more, @Nullable Gap gap, long skipped) {
        read += entries.size();
        return new Page(entries, scannedTo, more, gap, topics.removals(), skipped);
    }

    private Page all(Reading reading, long tail, @Nullable Gap gap) {
        List<Stored> found = new ArrayList<>();
        Iterator<Stored> candidates = candidates(reading);
        long room = reading.bytes();
        long scannedTo = reading.after();
        for (int scanned = 0; candidates.hasNext(); scanned++) {
            Stored stored = candidates.next();
            if (found.size() == reading.events() || room <= 0 || scanned == MOST_SCANNED) {
                return page(found, scannedTo, true, gap, 0);
            }
            scannedTo = stored.position();
            if (stored.entry() instanceof Publication publication && holds(reading, publication, scannedTo)) {
                found.add(stored);
                room -= publication.weight();
            } else if (stored.entry() instanceof TopicEnded end
                    && reading.selection().matches(end.topic())
                    && topics.holds(end.topic(), scannedTo)) {
                found.add(stored);
            }
        }
        return page(found, tail, false, gap, 0);
    }

    private boolean holds(Reading reading, Publication publication, long position) {
        if (!reading.selection().wants(publication.event().type())) {
            return false;
        }
        for (Topic topic : publication.topics()) {
            if (reading.wants(topic, position) && topics.holds(topic, position)) {
                return true;
            }
        }
        return false;
    }

    private Iterator<Stored> candidates(Reading reading) {
        if (reading.selection().selectors().stream().anyMatch(Selector::isPattern)) {
            return order.tailMap(reading.after(), false).values().iterator();
        }
        List<Line<Stored>> lines = new ArrayList<>();
        for (TopicDirectory.History<Line<Stored>> history : topics.matching(reading)) {
            lines.add(history.extra());
        }
        return new MergedLines<>(lines, reading.after());
    }

    private Page newest(Reading reading, long tail, @Nullable Gap gap) {
        List<Stored> newest = new ArrayList<>();
        List<Long> wanted = new ArrayList<>();
        for (TopicDirectory.History<Line<Stored>> history : topics.matching(reading)) {
            Stored last = null;
            Line<Stored> events = history.extra();
            for (long i = events.indexAfter(reading.after()); i < events.last(); i++) {
                Stored stored = events.get(i);
                if (stored != null && stored.entry() instanceof TopicEnded) {
                    newest.add(stored);
                }
                if (stored != null
                        && stored.entry() instanceof Publication publication
                        && reading.selection().wants(publication.event().type())
                        && reading.wants(history.topic(), stored.position())) {
                    last = stored;
                    wanted.add(last.position());
                }
            }
            if (last != null) {
                newest.add(last);
            }
        }
        List<Stored> sorted = newest.stream()
                .distinct()
                .sorted(Comparator.comparingLong(Stored::position))
                .toList();
        int fit = 0;
        for (long room = reading.bytes(); fit < sorted.size() && fit < reading.events() && room > 0; fit++) {
            room -= sorted.get(fit).entry() instanceof Publication publication ? publication.weight() : 0;
        }
        boolean more = fit < sorted.size();
        long scannedTo = more ? sorted.get(fit - 1).position() : tail;
        long covered = wanted.stream()
                .filter(position -> position <= scannedTo)
                .distinct()
                .count();
        long publications = sorted.subList(0, fit).stream()
                .filter(stored -> stored.entry() instanceof Publication)
                .count();
        return page(
                sorted.subList(0, fit),
                scannedTo,
                more,
                gap,
                reading.after() == Position.START ? 0 : covered - publications);
    }

    /** The position after which the newest {@code events} are. */
    long before(Selection selection, int events) {
        Reading reading = new Reading(selection, Position.START, Long.MAX_VALUE, events, 0, false, Reading.NO_GAP);
        int left = events;
        for (Stored stored : order.descendingMap().values()) {
            if (stored.entry() instanceof Publication publication
                    && holds(reading, publication, stored.position())
                    && --left == 0) {
                return stored.position() - 1;
            }
        }
        return Position.START;
    }
}
