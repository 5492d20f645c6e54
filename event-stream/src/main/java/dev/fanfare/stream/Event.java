package dev.fanfare.stream;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * One event as it goes over the wire.
 *
 * @param type the event type; {@code message} when the publisher names none
 * @param data the data, lines separated by LF; CR and CRLF are made LF here, since the format cannot carry them
 * @param id the last event ID a client holds after this event; null leaves the client's as it is
 * @param retry the reconnection time to set, in milliseconds; -1 for none
 */
public record Event(String type, String data, @Nullable String id, long retry) {

    /** The type an event has when none is named. */
    public static final String MESSAGE = "message";

    /** No reconnection time in this event. */
    public static final long NO_RETRY = -1;

    /**
     * Refuses what the format cannot carry, and sends CR and CRLF in data as LF.
     *
     * @throws IllegalArgumentException if the type or the id has a CR or LF, or the id a NUL (P10), or the reconnection time is
     *     below -1
     */
    public Event {
        type = requireNonNull(type, "type").isEmpty() ? MESSAGE : line("type", type);
        data = requireNonNull(data, "data").indexOf('\r') < 0
                ? data
                : data.replace("\r\n", "\n").replace('\r', '\n');
        if (id != null) {
            requireId(id);
        }
        if (retry < NO_RETRY) {
            throw new IllegalArgumentException("retry: " + retry + " (expected: milliseconds, or -1 for none)");
        }
    }

    /** An event of the given type and data, without id or reconnection time. */
    public static Event of(String type, String data) {
        return new Event(type, data, null, NO_RETRY);
    }

    /** An event of type {@code message}, without id or reconnection time. */
    public static Event message(String data) {
        return of(MESSAGE, data);
    }

    /** This event with another id. */
    public Event withId(@Nullable String newId) {
        return new Event(type, data, newId, retry);
    }

    static String requireId(String id) {
        if (id.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("id has a NUL (expected: one line without it)");
        }
        return line("id", id);
    }

    private static String line(String name, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\r' || c == '\n') {
                throw new IllegalArgumentException(
                        name + " has a line break at character " + i + " (expected: one line)");
            }
        }
        return value;
    }
}
