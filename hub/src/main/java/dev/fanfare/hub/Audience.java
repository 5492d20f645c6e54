package dev.fanfare.hub;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The cursors of one loop that want the same selection: the live ones, and the entries that a pass has gathered for them. */
final class Audience {

    final Selection selection;
    /** Entries gathered and not yet written. */
    final List<WindowEntry> gathered = new ArrayList<>();

    int gatheredBytes;
    /** The number of the entry last gathered, so that one that matches twice is taken once. */
    long lastGathered = -1;
    /** All cursors that want this selection, live or not. */
    int cursors;

    private Cursor[] live = new Cursor[1];
    private int count;

    Audience(Selection selection) {
        this.selection = selection;
    }

    int live() {
        return count;
    }

    Cursor live(int index) {
        return live[index];
    }

    void join(Cursor cursor) {
        if (count == live.length) {
            live = Arrays.copyOf(live, count * 2);
        }
        cursor.place = count;
        live[count++] = cursor;
    }

    /** The last cursor takes the place of the one that leaves. */
    @SuppressWarnings("NullAway") // slots from count on are empty
    void leave(Cursor cursor) {
        Cursor last = live[--count];
        live[cursor.place] = last;
        last.place = cursor.place;
        live[count] = null;
        cursor.place = -1;
    }
}
