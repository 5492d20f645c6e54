package dev.fanfare.hub;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Things in the order of their positions, numbered from 0 on: added at the end, removed at the beginning. One thread at a time adds
 * and removes; any thread reads without a lock. What a reader finds removed is null, never another thing.
 *
 * <p>A ring: item {@code i} lies in slot {@code i mod capacity}. A slot is reused only after {@link #first} has moved past its
 * item, so a reader that loads the slot and then finds {@code first} not past the index has the right one.
 */
final class Line<T extends Line.Placed> {

    private volatile AtomicReferenceArray<@Nullable T> ring = new AtomicReferenceArray<>(2);
    private volatile long first;
    private volatile long last;

    /** A thing with a position. */
    interface Placed {
        long position();
    }

    void add(T item) {
        AtomicReferenceArray<@Nullable T> slots = ring;
        if (last - first == slots.length()) {
            slots = resized(slots.length() * 2);
        }
        slots.set(slot(slots, last), item);
        last++;
    }

    /** Removes the first item; there must be one. */
    void removeFirst() {
        AtomicReferenceArray<@Nullable T> slots = ring;
        long index = first;
        first = index + 1;
        slots.set(slot(slots, index), null);
        if (slots.length() > 64 && last - first < slots.length() / 4) {
            resized(slots.length() / 2);
        }
    }

    private AtomicReferenceArray<@Nullable T> resized(int capacity) {
        AtomicReferenceArray<@Nullable T> old = ring;
        AtomicReferenceArray<@Nullable T> slots = new AtomicReferenceArray<>(capacity);
        for (long i = first; i < last; i++) {
            slots.setPlain(slot(slots, i), old.getPlain(slot(old, i)));
        }
        ring = slots;
        return slots;
    }

    private static int slot(AtomicReferenceArray<?> slots, long index) {
        return (int) (index & slots.length() - 1);
    }

    /** The number of the oldest item still here. */
    long first() {
        return first;
    }

    /** The number that the next item will have. */
    long last() {
        return last;
    }

    boolean isEmpty() {
        return first == last;
    }

    /** The item of this number, or null if it has been removed or not yet been added. */
    @Nullable
    T get(long index) {
        if (index >= last) {
            return null;
        }
        AtomicReferenceArray<@Nullable T> slots = ring;
        T item = slots.get(slot(slots, index));
        return index >= first ? item : null;
    }

    /** The newest item, or null. */
    @Nullable
    T newest() {
        return get(last - 1);
    }

    /** The number of the first item after a position; {@link #last} if there is none. */
    long indexAfter(long position) {
        long high = last;
        T newest = get(high - 1);
        if (newest == null || newest.position() <= position) {
            return high;
        }
        long low = first;
        while (low < high) {
            long middle = (low + high) >>> 1;
            T item = get(middle);
            if (item == null || item.position() <= position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
