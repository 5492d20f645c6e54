package dev.fanfare.rocksdb;

import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeSet;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * How the log is read, so that it costs what is read and not what is held. Exact topics are read along their own events. A pattern
 * is read along all events for as long as that cannot cost much more than to seek each topic that has something new, and then along
 * those topics; one that might match very many only along all events, so many a page.
 *
 * <p>The methods block on the disk.
 */
final class Reads {

    private static final int MOST_SCANNED = 20_000;
    private static final int SCANNED_AT_LEAST = 64;
    /** To seek one topic costs about as much as to look at so many events. */
    private static final int SCANNED_A_SEEK = 8;

    private static final int CHUNK = 256;

    private final State state;
    private final Store store;
    private final LongAdder read = new LongAdder();

    Reads(State state, Store store) {
        this.state = state;
        this.store = store;
    }

    /** How many stored events were read for readers. */
    long read() {
        return read.sum();
    }

    Page read(Reading reading) throws RocksDBException {
        Gap gap;
        long judged;
        List<View.Run> runs;
        View view;
        state.lock.lock();
        try {
            gap = state.directory.gap(reading, state.tail());
            judged = state.directory.removals();
            if (reading.after() >= state.tail()) {
                return new Page(List.of(), state.tail(), false, gap, judged, 0);
            }
            runs = View.runs(state, reading, reading.newest());
            view = View.of(state, store);
        } finally {
            state.lock.unlock();
        }
        try (view) {
            PageOf page = new PageOf(reading, view.tail);
            if (reading.newest() && runs != null) {
                newest(page, view, runs);
            } else {
                boolean exact = reading.selection().selectors().stream().noneMatch(selector -> selector.isPattern());
                boolean done = false;
                if (!exact) {
                    int most = runs == null
                            ? MOST_SCANNED
                            : Math.min(MOST_SCANNED, SCANNED_AT_LEAST + SCANNED_A_SEEK * runs.size());
                    done = scan(page, view, most);
                }
                if (!done && runs != null) {
                    merge(page, view, runs);
                }
            }
            read.add(page.found.size());
            return page.build(gap, judged);
        }
    }

    /** What is gathered for a page. */
    private static final class PageOf {
        final Reading reading;
        final long tail;
        final List<Stored> found = new ArrayList<>();
        long room;
        long scannedTo;
        long skipped;

        PageOf(Reading reading, long tail) {
            this.reading = reading;
            this.tail = tail;
            this.room = reading.bytes();
            this.scannedTo = reading.after();
        }

        boolean isFull() {
            return found.size() == reading.events() || room <= 0;
        }

        void add(Stored stored) {
            found.add(stored);
            room -= stored.entry() instanceof Publication publication ? publication.weight() : 0;
        }

        Page build(@Nullable Gap gap, long judged) {
            return new Page(found, scannedTo, scannedTo < tail, gap, judged, skipped);
        }
    }

    /** Reads along all events, at most so many; true if the page is full or at the tail. */
    private static boolean scan(PageOf page, View view, int most) throws RocksDBException {
        Stored stored = view.after(page.scannedTo);
        for (int scanned = 0; stored != null; scanned++) {
            if (page.isFull()) {
                return true;
            }
            if (scanned == most) {
                return false;
            }
            if (view.isWanted(page.reading, stored)) {
                page.add(stored);
            }
            page.scannedTo = stored.position();
            stored = view.next();
        }
        page.scannedTo = page.tail;
        return true;
    }

    /** Where one topic's events are read along. */
    private static final class Walk implements Comparable<Walk> {
        final View.Run run;
        private long[] positions = {};
        private int at;

        Walk(View.Run run) {
            this.run = run;
        }

        long position() {
            return positions[at];
        }

        /** Goes on; false at the end. */
        boolean next(View view, int chunk) throws RocksDBException {
            if (++at < positions.length) {
                return true;
            }
            if (positions.length > 0 && positions[positions.length - 1] >= Math.min(run.newest(), view.tail)) {
                return false;
            }
            return load(view, positions[positions.length - 1], chunk);
        }

        boolean load(View view, long from, int chunk) throws RocksDBException {
            positions = view.positions(run, Math.max(from, run.from()), chunk);
            at = 0;
            return positions.length > 0;
        }

        @Override
        public int compareTo(Walk other) {
            return Long.compare(position(), other.position());
        }
    }

    /** Reads along the events of these topics. */
    private static void merge(PageOf page, View view, List<View.Run> runs) throws RocksDBException {
        int chunk = Math.max(4, Math.min(CHUNK, page.reading.events() / Math.max(1, runs.size()) + 1));
        PriorityQueue<Walk> walks = new PriorityQueue<>(Math.max(1, runs.size()));
        for (View.Run run : runs) {
            Walk walk = new Walk(run);
            if (run.newest() > page.scannedTo && walk.load(view, page.scannedTo, chunk)) {
                walks.add(walk);
            }
        }
        int looked = 0;
        while (!walks.isEmpty()) {
            Walk walk = walks.remove();
            long position = walk.position();
            if (position > page.scannedTo) { // else it is of a topic read before
                if (page.isFull() || ++looked > MOST_SCANNED) {
                    return;
                }
                Stored stored = view.entry(position);
                if (stored != null
                        && (!(stored.entry() instanceof Publication publication)
                                || page.reading
                                        .selection()
                                        .wants(publication.event().type()))) {
                    page.add(stored);
                }
                page.scannedTo = position;
            }
            if (walk.next(view, CHUNK)) {
                walks.add(walk);
            }
        }
        page.scannedTo = page.tail;
    }

    private void newest(PageOf page, View view, List<View.Run> runs) throws RocksDBException {
        NavigableSet<Long> newest = new TreeSet<>();
        NavigableSet<Long> passedOver = new TreeSet<>();
        boolean counting = page.reading.after() > Position.START;
        for (View.Run run : runs) {
            boolean found = false;
            for (long at = view.newestOf(run); at > 0 && (!found || counting); at = view.previousOf(run)) {
                if (at == run.ended()) {
                    newest.add(at);
                } else if (hasType(page.reading.selection(), view, at)) {
                    (found ? passedOver : newest).add(at);
                    found = true;
                }
            }
        }
        for (long position : newest) {
            if (page.isFull()) {
                page.skipped = passedOver.headSet(page.scannedTo, true).stream()
                        .filter(passed -> !newest.contains(passed))
                        .count();
                return;
            }
            Stored stored = view.entry(position);
            if (stored != null) {
                page.add(stored);
            }
            page.scannedTo = position;
        }
        page.scannedTo = page.tail;
        passedOver.removeAll(newest);
        page.skipped = passedOver.size();
    }

    private static boolean hasType(Selection selection, View view, long position) throws RocksDBException {
        if (selection.types().isEmpty()) {
            return true;
        }
        Stored stored = view.entry(position);
        return stored != null
                && stored.entry() instanceof Publication publication
                && selection.wants(publication.event().type());
    }

    long before(Selection selection, int events) throws RocksDBException {
        Reading reading = new Reading(
                selection, Position.START, Long.MAX_VALUE, events, Integer.MAX_VALUE, false, Reading.NO_GAP);
        List<View.Run> runs;
        View view;
        state.lock.lock();
        try {
            runs = View.runs(state, reading, false);
            view = View.of(state, store);
        } finally {
            state.lock.unlock();
        }
        try (view) {
            return runs == null ? scanBack(view, reading) : mergeBack(view, reading, runs);
        }
    }

    private static long scanBack(View view, Reading reading) throws RocksDBException {
        int left = reading.events();
        for (Stored stored = view.newest(); stored != null; stored = view.previous()) {
            boolean counts = stored.entry() instanceof Publication && view.isWanted(reading, stored);
            if (counts && --left == 0) {
                return stored.position() - 1;
            }
        }
        return Position.START;
    }

    private static long mergeBack(View view, Reading reading, List<View.Run> runs) throws RocksDBException {
        TreeSet<Long> newest = new TreeSet<>();
        for (View.Run run : runs) {
            for (long at = view.newestOf(run); at > 0; at = view.previousOf(run)) {
                boolean enough = newest.size() == reading.events();
                if (enough && at < newest.first()) {
                    break;
                }
                if (at != run.ended() && hasType(reading.selection(), view, at) && newest.add(at) && enough) {
                    newest.pollFirst();
                }
            }
        }
        return newest.size() < reading.events() ? Position.START : newest.first() - 1;
    }

    Optional<Long> find(Selection selection, String id) throws RocksDBException {
        View view;
        state.lock.lock();
        try {
            view = View.of(state, store);
        } finally {
            state.lock.unlock();
        }
        byte[] prefix = Bytes.prefix(id);
        try (view;
                RocksIterator ids = store.iterator(store.ids())) {
            for (ids.seek(prefix); ids.isValid() && Bytes.startsWith(ids.key(), prefix); ids.next()) {
                Stored stored = view.entry(Bytes.toLong(ids.key(), prefix.length));
                if (stored != null && view.isHeld(selection, stored)) {
                    return Optional.of(stored.position());
                }
            }
            ids.status();
            return Optional.empty();
        }
    }

    /** A position after which nothing was removed, and about so many bytes are held. */
    long recent(long bytes) throws RocksDBException {
        long horizon;
        long position;
        state.lock.lock();
        try {
            horizon = state.directory.highestHorizon();
            position = state.tail();
        } finally {
            state.lock.unlock();
        }
        long room = bytes;
        try (RocksIterator entries = store.iterator(store.events())) {
            for (entries.seekForPrev(Bytes.ofLong(position)); entries.isValid(); entries.prev()) {
                long at = Bytes.toLong(entries.key(), 0);
                room -= entries.value().length;
                if (at <= horizon || room < 0) {
                    break;
                }
                position = at - 1;
            }
            entries.status();
        }
        return Math.max(position, horizon);
    }

    /** Gives all entries after a position, in order, some at a time. */
    void forEach(long after, Consumer<List<Stored>> each) throws RocksDBException {
        List<Stored> some = new ArrayList<>();
        Iterator<Stored> notes = notesAfter(after);
        Stored note = next(notes);
        try (RocksIterator entries = store.iterator(store.events())) {
            for (entries.seek(Bytes.ofLong(after + 1)); entries.isValid(); entries.next()) {
                long position = Bytes.toLong(entries.key(), 0);
                for (; note != null && note.position() < position; note = next(notes)) {
                    some.add(note);
                }
                some.add(new Stored(position, Records.decode(entries.value())));
                if (some.size() >= CHUNK) {
                    each.accept(some);
                    some = new ArrayList<>();
                }
            }
            entries.status();
        }
        for (; note != null; note = next(notes)) {
            some.add(note);
        }
        if (!some.isEmpty()) {
            each.accept(some);
        }
    }

    private Iterator<Stored> notesAfter(long position) {
        state.lock.lock();
        try {
            return state.notes.after(position).iterator();
        } finally {
            state.lock.unlock();
        }
    }

    private static @Nullable Stored next(Iterator<Stored> notes) {
        return notes.hasNext() ? notes.next() : null;
    }
}
