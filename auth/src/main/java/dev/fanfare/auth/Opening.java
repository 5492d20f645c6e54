package dev.fanfare.auth;

import org.jspecify.annotations.Nullable;

/**
 * A ticket that has been presented and is good, until {@link #close}. The next opening of the same ticket, on whichever node, moves it
 * away from here. Thread-safe.
 */
public final class Opening implements AutoCloseable {

    private static final Runnable NOTHING = () -> {};
    private static final long NOT_YET = Long.MAX_VALUE;

    final String ticket;
    final String id;
    private final Caller caller;
    private final Openings openings;
    /** Where the log has this opening; what comes after that moves the ticket away. */
    private long position = NOT_YET;

    private boolean moved;
    private @Nullable Runnable onMoved;

    Opening(String ticket, String id, Caller caller, Openings openings) {
        this.ticket = ticket;
        this.id = id;
        this.caller = caller;
        this.openings = openings;
    }

    /** Who presented it: he may read what the ticket names, and nothing else. */
    public Caller caller() {
        return caller;
    }

    /** Has this called once, when the ticket is opened again: on the log's thread, which must not be held up, or now if that has been. */
    public void onMoved(Runnable listener) {
        boolean now;
        synchronized (this) {
            now = moved;
            onMoved = listener;
        }
        if (now) {
            listener.run();
        }
    }

    /** The stream that was opened with it is no more, or there never was one. */
    @Override
    public void close() {
        openings.remove(this);
    }

    synchronized void begin(long at) {
        position = at;
    }

    /** The ticket has been opened elsewhere, or will be here. */
    void move(long at) {
        Runnable listener;
        synchronized (this) {
            if (at <= position || moved) {
                return;
            }
            moved = true;
            listener = onMoved == null ? NOTHING : onMoved;
        }
        listener.run();
    }
}
