package dev.fanfare.auth;

import dev.fanfare.hub.Selector;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where a user's own topics are: {@code users/<sub>} and all below, for which {@code @me} stands. The {@code sub} is one literal
 * segment, in which {@code /}, {@code *}, {@code %} and control characters, and a segment that is {@code .} or {@code ..}, are
 * percent-encoded; two users never share a segment.
 */
public final class UserTopics {

    private static final String ME = "@me";
    private static final String ROOT = "users/";
    private static final String DEEP = "/**";

    private UserTopics() {}

    /** A user's own topics, {@code users/<sub>/**}. */
    public static Selector all(String user) {
        return Selector.of(ROOT + segment(user) + DEEP);
    }

    /** Whether a text stands for topics of whoever says it. */
    static boolean isOwn(String text) {
        return text.equals(ME) || text.startsWith(ME + "/");
    }

    /**
     * The text of a topic or selector, in which {@code @me} at its beginning stands for {@code users/<sub>}; any other text as it is.
     *
     * @throws IllegalArgumentException if it begins so and there is no user
     */
    public static String resolve(String text, @Nullable String user) {
        if (!isOwn(text)) {
            return text;
        }
        if (user == null) {
            throw new IllegalArgumentException(
                    "'" + ME + "' stands for a user's own topics, and the credential names no user"
                            + " (expected: a token with a sub, or a topic by its full name)");
        }
        return ROOT + segment(user) + text.substring(ME.length());
    }

    /**
     * A user as one segment of a topic.
     *
     * @throws IllegalArgumentException if the user is no text, or has no room in a topic; the message says which, not who
     */
    public static String segment(String user) {
        CharsetEncoder utf8 = StandardCharsets.UTF_8.newEncoder();
        if (user.isEmpty() || !utf8.canEncode(user)) {
            throw new IllegalArgumentException(
                    "the user (sub) is " + (user.isEmpty() ? "empty" : "not well-formed text"));
        }
        boolean dots = user.equals(".") || user.equals("..");
        StringBuilder segment = new StringBuilder(user.length() + 8);
        user.codePoints().forEach(c -> {
            if (c == '/' || c == '*' || c == '%' || Character.isISOControl(c) || dots) {
                for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                    segment.append('%').append("%02X".formatted(b));
                }
            } else {
                segment.appendCodePoint(c);
            }
        });
        if (segment.toString().getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "the user (sub) is longer than " + MAX_BYTES + " bytes as a segment of a topic");
        }
        return segment.toString();
    }

    /** Leaves half of a topic's bytes to what comes below a user. */
    private static final int MAX_BYTES = 250;
}
