package dev.fanfare.server;

/**
 * A parameter of a log line that has a name, which a log in JSON gives as a member. In the text of the line it is its value alone.
 *
 * @param name the member's name
 * @param value a number, a truth, or anything that has a text
 */
public record LogField(String name, Object value) {

    @Override
    public String toString() {
        return String.valueOf(value);
    }
}
