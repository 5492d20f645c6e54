package dev.fanfare.hub;

/**
 * Hears what a hub does, to measure it. Calls come from the threads that do the work, those of the loops and the log's: they must be
 * quick, must not block and must not throw. Nothing is called once per stream.
 */
public interface HubListener {

    /** Hears nothing. */
    HubListener NONE = new HubListener() {};

    /** The log has taken, or refused, what this process appended, so many nanoseconds after it was asked to. */
    default void appended(long nanos) {}

    /** Events were written to the live streams of one loop that want the same, with one write to each. */
    default void served(int events) {}

    /** A loop has written an event to its live streams, so many milliseconds after the event got its position. */
    default void delivered(long millis) {}

    /** A stream was told that events are missing. */
    default void gap(Gap.Reason reason) {}
}
