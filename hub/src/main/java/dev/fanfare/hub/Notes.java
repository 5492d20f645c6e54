package dev.fanfare.hub;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The notes of a log, at most {@value #MOST}, {@value #MOST_ENDING} of them for a time: the newest of each name, while it holds. For implementations of {@link EventLog};
 * confined to its owner's lock.
 */
public final class Notes {

    /** How many a log holds. */
    public static final int MOST = 1_000_000;

    /** How many of them may hold only for a time: users can make many of those, and must not keep out a revocation. */
    public static final int MOST_ENDING = 900_000;

    private static final Comparator<Stored> BY_POSITION = Comparator.comparingLong(Stored::position);

    private final NavigableMap<String, Stored> byName = new TreeMap<>();
    /** Those that do not hold for good, by when they end. */
    private final NavigableSet<Stored> ending =
            new TreeSet<>(Comparator.comparingLong(Notes::until).thenComparing(BY_POSITION));

    private @Nullable Stored newest;

    private static Note note(Stored stored) {
        return (Note) stored.entry();
    }

    private static long until(Stored stored) {
        return note(stored).until();
    }

    /** How many are held. */
    public int size() {
        return byName.size();
    }

    /** The one that came last, though it may not hold any more. */
    public @Nullable Stored newest() {
        return newest;
    }

    /** What is held of a name. */
    public @Nullable Stored find(String name) {
        return byName.get(name);
    }

    /**
     * Whether a note adds to those that are held.
     *
     * @throws AppendRefused if it does, and there is no room with {@code coming} more to be added before it
     */
    public boolean addsOne(Note note, int coming) {
        boolean adds = !note.isRemoval() && !byName.containsKey(note.name());
        boolean full = byName.size() + coming >= MOST
                || note.until() < Long.MAX_VALUE && ending.size() + coming >= MOST_ENDING;
        if (adds && full) {
            throw AppendRefused.tooManyNotes(byName.size());
        }
        return adds;
    }

    /** Takes a note, newer than all before. */
    public void put(Stored stored) {
        newest = stored;
        Note note = note(stored);
        Stored before = note.isRemoval() ? byName.remove(note.name()) : byName.put(note.name(), stored);
        if (before != null) {
            ending.remove(before);
        }
        if (!note.isRemoval() && note.until() < Long.MAX_VALUE) {
            ending.add(stored);
        }
    }

    /** Lets go of those that do not hold any more at this time, at most so many. */
    public List<Stored> expire(long now, int most) {
        List<Stored> gone = new ArrayList<>();
        while (gone.size() < most && !ending.isEmpty() && until(ending.first()) <= now) {
            Stored over = ending.pollFirst();
            byName.remove(note(over).name());
            gone.add(over);
        }
        return gone;
    }

    /** Those that hold at this time and whose names begin so, in the order of their positions. */
    public List<Stored> list(String prefix, long now) {
        List<Stored> found = new ArrayList<>();
        for (Stored stored : byName.tailMap(prefix, true).values()) {
            if (!note(stored).name().startsWith(prefix)) {
                break;
            }
            if (note(stored).holds(now)) {
                found.add(stored);
            }
        }
        found.sort(BY_POSITION);
        return found;
    }

    /** What is held and came after a position, in order; the newest note always, so that whoever is given it has come to it. */
    public List<Stored> after(long position) {
        List<Stored> found = new ArrayList<>();
        for (Stored stored : byName.values()) {
            if (stored.position() > position) {
                found.add(stored);
            }
        }
        found.sort(BY_POSITION);
        long last = found.isEmpty() ? position : found.get(found.size() - 1).position();
        if (newest != null && newest.position() > last) {
            found.add(newest);
        }
        return found;
    }
}
