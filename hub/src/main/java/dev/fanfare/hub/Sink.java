package dev.fanfare.hub;

/**
 * Where a cursor writes. All calls come from the thread of the cursor's loop, and none of them may block or call the cursor back
 * before it returns.
 */
public interface Sink {

    /**
     * Whether what was written before has left. While it has not, the cursor lags and costs nothing; when it has, the sink calls
     * {@link Cursor#resume}.
     */
    boolean writable();

    /**
     * Whether it wants what lies behind the newest events just now; asked of lagging cursors before each step. When it does not, it
     * calls {@link Cursor#resume} later.
     */
    default boolean wantsHistory() {
        return true;
    }

    /**
     * Takes a batch and sends it on at once.
     *
     * @return how many of its frames it took: all, or, of a {@link Batch#divisible} one, the first ones, at least one. After less than
     *     all it is not writable until it says so
     */
    int write(Batch batch);

    /** The cursor is done: sends what is left and closes. */
    void end();
}
