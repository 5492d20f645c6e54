package dev.fanfare.stream;

/** An event stream has an event, or a line of any kind, that is larger than its reader will hold. */
public final class EventTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1;

    EventTooLargeException(int maxBuffer) {
        super("the event stream has an event or a line of more than " + maxBuffer + " bytes"
                + " (expected: at most that many between two blank lines; raise maxBuffer to read it)");
    }
}
