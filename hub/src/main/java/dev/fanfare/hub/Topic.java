package dev.fanfare.hub;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A name events are published to: segments with {@code /} between, {@code orders/42}. 1 to 512 bytes of UTF-8; no segment is empty,
 * {@code .} or {@code ..}; no {@code *}, no control character, no {@code @} in front but for {@link #ALL}.
 */
public final class Topic {

    /** The one topic that every stream receives, whatever it asked for. */
    public static final Topic ALL = new Topic("@all");

    private static final int MAX_BYTES = 512;

    private final String name;
    /** Split when a pattern first asks. */
    private @Nullable List<String> segments;

    private Topic(String name) {
        this.name = name;
    }

    /**
     * The topic of this name.
     *
     * @throws IllegalArgumentException if it is no topic; the message says why
     */
    public static Topic of(String name) {
        if (name.startsWith("@")) {
            if (name.equals(ALL.name)) {
                return ALL;
            }
            throw new IllegalArgumentException("topic '" + name + "' begins with @ (only @all does)");
        }
        check(name, "topic");
        if (name.indexOf('*') >= 0) {
            throw new IllegalArgumentException(
                    "topic '" + name + "' has a * (that is for selectors; publish to a topic by its full name)");
        }
        return new Topic(name);
    }

    /** What topics and selectors have in common. */
    static void check(String name, String what) {
        if (name.isEmpty()) {
            throw new IllegalArgumentException(what + " is empty (expected: for example orders/42)");
        }
        if (name.length() > MAX_BYTES || name.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
            throw new IllegalArgumentException(what + " is longer than " + MAX_BYTES + " bytes");
        }
        int start = 0;
        for (int i = 0; i <= name.length(); i++) {
            if (i < name.length() && name.charAt(i) != '/') {
                if (Character.isISOControl(name.charAt(i))) {
                    throw new IllegalArgumentException(what + " has a control character at " + i);
                }
                continue;
            }
            int length = i - start;
            boolean dots = length > 0 && length <= 2 && name.charAt(start) == '.' && name.charAt(i - 1) == '.';
            if (length == 0 || dots) {
                throw new IllegalArgumentException(what + " '" + name + "' has a segment that is "
                        + (dots ? "'" + name.substring(start, i) + "'" : "empty")
                        + " (expected: names with one / between)");
            }
            start = i + 1;
        }
    }

    static List<String> segments(String name) {
        return name.indexOf('/') < 0 ? List.of(name) : Arrays.asList(name.split("/", -1));
    }

    /** The whole name. */
    public String name() {
        return name;
    }

    /** The parts between the slashes, at least one. */
    List<String> segments() {
        List<String> split = segments;
        if (split == null) {
            split = segments(name);
            segments = split;
        }
        return split;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Topic topic && topic.name.equals(name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
