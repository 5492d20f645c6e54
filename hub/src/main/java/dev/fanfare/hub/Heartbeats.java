package dev.fanfare.hub;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A wheel of one-second slots that holds every cursor of a loop in the slot in which it may next be due. A cursor that was written to
 * meanwhile is only moved on when its slot comes, so a write costs nothing here. Confined to the loop's thread.
 */
final class Heartbeats {

    static final int LONGEST_SECONDS = 120;

    private static final int SLOTS = 128;

    private final @Nullable Cursor[] slots = new Cursor[SLOTS];
    private int now;

    /** Seconds since the loop began. */
    int now() {
        return now;
    }

    void add(Cursor cursor, int due) {
        int slot = due & SLOTS - 1;
        Cursor head = slots[slot];
        cursor.slot = slot;
        cursor.nextDue = head;
        cursor.previousDue = null;
        if (head != null) {
            head.previousDue = cursor;
        }
        slots[slot] = cursor;
    }

    void remove(Cursor cursor) {
        Cursor previous = cursor.previousDue;
        Cursor next = cursor.nextDue;
        if (previous != null) {
            previous.nextDue = next;
        } else {
            slots[cursor.slot] = next;
        }
        if (next != null) {
            next.previousDue = previous;
        }
        cursor.nextDue = null;
        cursor.previousDue = null;
    }

    /**
     * A second has passed: calls {@code due} with every cursor that has been idle for its interval, and waits for the next. Each
     * cursor, idle or not, is given to {@code seen} at least once in its interval.
     */
    void tick(Consumer<Cursor> seen, Consumer<Cursor> due) {
        now++;
        Cursor cursor = slots[now & SLOTS - 1];
        while (cursor != null) {
            Cursor next = cursor.nextDue;
            remove(cursor);
            seen.accept(cursor);
            int at = cursor.lastWrite + cursor.interval;
            if (at <= now) {
                at = now + cursor.interval;
                add(cursor, at);
                due.accept(cursor);
            } else {
                add(cursor, at);
            }
            cursor = next;
        }
    }

    void forEach(Consumer<Cursor> each) {
        for (Cursor head : slots) {
            for (Cursor cursor = head; cursor != null; ) {
                Cursor next = cursor.nextDue;
                each.accept(cursor);
                cursor = next;
            }
        }
    }
}
