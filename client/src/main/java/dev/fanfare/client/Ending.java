package dev.fanfare.client;

import dev.fanfare.stream.Event;

/** Why an {@link EventSource} is closed for good. */
public sealed interface Ending {

    /** {@link EventSource#close()} was called. */
    record Closed() implements Ending {}

    /** The server answered 204, the standard's way to say that there is nothing to come back for (C10). */
    record NoContent() implements Ending {}

    /**
     * The topics have ended: no more events will come.
     *
     * @param event the {@code fanfare-end} event; its data says why
     */
    record Done(Event event) implements Ending {}

    /**
     * The server refused the stream for good, by a status that asking again will not change, or by a 200 that is not an event
     * stream in UTF-8 (C3, C14).
     *
     * @param problem what it said
     */
    record Refused(Problem problem) implements Ending {}

    /**
     * The stream cannot be read on: an event needs more memory than {@link EventSourceBuilder#maxBuffer}, and would again.
     *
     * @param cause what was wrong
     */
    record Failed(Throwable cause) implements Ending {}
}
