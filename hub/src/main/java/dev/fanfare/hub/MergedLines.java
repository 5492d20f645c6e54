package dev.fanfare.hub;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Several lines as one, in the order of positions, from after a position; what is in more than one of them comes once. */
final class MergedLines<T extends Line.Placed> implements Iterator<T> {

    private final List<Line<T>> lines;
    private final long[] next;
    private @Nullable T head;

    MergedLines(List<Line<T>> lines, long after) {
        this.lines = lines;
        this.next = new long[lines.size()];
        for (int i = 0; i < next.length; i++) {
            next[i] = lines.get(i).indexAfter(after);
        }
        this.head = least();
    }

    private @Nullable T least() {
        T least = null;
        for (int i = 0; i < next.length; i++) {
            T item = lines.get(i).get(next[i]);
            if (item != null && (least == null || item.position() < least.position())) {
                least = item;
            }
        }
        return least;
    }

    @Override
    public boolean hasNext() {
        return head != null;
    }

    @Override
    public T next() {
        T taken = head;
        if (taken == null) {
            throw new NoSuchElementException();
        }
        for (int i = 0; i < next.length; i++) {
            if (lines.get(i).get(next[i]) == taken) {
                next[i]++;
            }
        }
        head = least();
        return taken;
    }
}
