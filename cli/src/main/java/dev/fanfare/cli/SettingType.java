package dev.fanfare.cli;

import dev.fanfare.http.MessageMapping;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the text of a setting becomes its value.
 *
 * @param <T> the type of the value
 * @param label what stands for the value in the help, {@code SIZE}
 * @param expected what an error says was expected
 * @param parser makes the value; throws {@link IllegalArgumentException} when the text is none
 */
record SettingType<T>(String label, String expected, Function<String, T> parser) {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,18})(B|KiB|MiB|GiB|TiB)?");
    private static final Map<String, Integer> SIZE_SHIFTS = Map.of("B", 0, "KiB", 10, "MiB", 20, "GiB", 30, "TiB", 40);
    private static final Set<String> REDIS_SCHEMES = Set.of("redis", "rediss", "redis-sentinel", "rediss-sentinel");
    private static final Pattern TIME = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

    /** Any text that is not empty. */
    static SettingType<String> text(String label, String expected) {
        return new SettingType<>(label, expected, text -> check(!text.isEmpty(), text));
    }

    /** An address of the web. */
    static SettingType<URI> url() {
        return new SettingType<>("URL", "a URL like https://example.com/path", text -> {
            URI uri = URI.create(text);
            boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
            return check(web && uri.getHost() != null, uri);
        });
    }

    /** The address of a Redis server, or of the sentinels that know which it is. */
    static SettingType<String> redisUrl() {
        String expected = "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], rediss:// with TLS,"
                + " or redis-sentinel://[[USER]:PASSWORD@]HOST[:PORT],HOST[:PORT]#MASTER";
        return new SettingType<>("URL", expected, text -> {
            URI uri = URI.create(text);
            return check(REDIS_SCHEMES.contains(uri.getScheme()) && uri.getRawAuthority() != null, text);
        });
    }

    /** A name that fits a pattern. */
    static SettingType<String> name(String expected, String pattern) {
        return new SettingType<>("NAME", expected, text -> check(text.matches(pattern), text));
    }

    /** One of a few words. */
    static SettingType<String> oneOf(String... words) {
        List<String> known = List.of(words);
        String expected = String.join(", ", known.subList(0, known.size() - 1)) + " or " + known.get(known.size() - 1);
        return new SettingType<>("WORD", expected, text -> check(known.contains(text), text));
    }

    /** {@code true} or {@code false}. */
    static SettingType<Boolean> yesOrNo() {
        SettingType<String> word = oneOf("true", "false");
        return new SettingType<>("true|false", word.expected, text -> Boolean.valueOf(word.parser.apply(text)));
    }

    /** A TCP port; 0 lets the system pick one. */
    static SettingType<Integer> port() {
        return new SettingType<>("PORT", "a port from 0, any free one, to 65535", text -> {
            int port = Integer.parseInt(text);
            return check(port >= 0 && port <= 65_535, port);
        });
    }

    /** A count of things, at least one. */
    static SettingType<Integer> count() {
        return new SettingType<>("N", "a whole number above 0", text -> {
            int count = Integer.parseInt(text);
            return check(count > 0, count);
        });
    }

    /** A number of bytes, for what may be larger than an array. */
    static SettingType<Long> size() {
        return new SettingType<>("SIZE", "a size above 0, like 64MiB or 1GiB", SettingType::bytes);
    }

    /** A number of bytes that are held in one piece. */
    static SettingType<Integer> buffer() {
        return new SettingType<>("SIZE", "a size from 1KiB to 1GiB, like 64KiB", text -> {
            long bytes = bytes(text);
            return (int) (long) check(bytes >= 1 << 10 && bytes <= 1 << 30, bytes);
        });
    }

    /** A length of time within bounds, both included, that are written as a user would write them. */
    static SettingType<Duration> time(String shortest, String longest) {
        Duration least = duration(shortest);
        Duration most = duration(longest);
        return new SettingType<>(
                "TIME", "a time from " + shortest + " to " + longest + ", like 500ms, 30s, 10m or 24h", text -> {
                    Duration time = duration(text);
                    return check(time.compareTo(least) >= 0 && time.compareTo(most) <= 0, time);
                });
    }

    /** Texts with commas between them; {@code none} is the empty list. */
    static SettingType<List<String>> list(String expected) {
        return new SettingType<>("LIST", expected + ", with commas between, or none", text -> {
            if (text.equals("none")) {
                return List.of();
            }
            List<String> parts =
                    Arrays.stream(text.split(",", -1)).map(String::strip).toList();
            return check(!parts.contains(""), parts);
        });
    }

    /** Channels of Redis' Pub/Sub by their names; a pattern would have to be subscribed to otherwise. */
    static SettingType<List<String>> channels() {
        return list("channels like user:events, without *, ? or [")
                .that(channels -> channels.stream().noneMatch(name -> name.matches(".*[*?\\[].*")));
    }

    /** Templates of topics, of which there has to be one. */
    static SettingType<List<String>> templates() {
        return list("topics with members in braces, like users/{userId}").that(topics -> {
            topics.forEach(MessageMapping::checkTemplate);
            return !topics.isEmpty();
        });
    }

    private SettingType<T> that(Predicate<T> isAllowed) {
        return new SettingType<>(label, expected, text -> {
            T value = parser.apply(text);
            return check(isAllowed.test(value), value);
        });
    }

    /** This type, or a word for "no value": {@code off}. */
    SettingType<Optional<T>> or(String word) {
        return new SettingType<>(
                label + "|" + word,
                expected + ", or " + word,
                text -> text.equals(word) ? Optional.empty() : Optional.of(parser.apply(text)));
    }

    /** This type, or a word for a value that depends on the machine: {@code auto}. */
    SettingType<T> or(String word, Supplier<T> computed) {
        return new SettingType<>(
                label + "|" + word,
                expected + ", or " + word,
                text -> text.equals(word) ? computed.get() : parser.apply(text));
    }

    private static long bytes(String text) {
        Matcher size = SIZE.matcher(text);
        check(size.matches(), text);
        int shift = SIZE_SHIFTS.getOrDefault(size.group(2) == null ? "B" : size.group(2), 0);
        long units = Long.parseLong(size.group(1));
        return check(units > 0 && units <= Long.MAX_VALUE >> shift, units) << shift;
    }

    private static Duration duration(String text) {
        Matcher time = TIME.matcher(text);
        check(time.matches(), text);
        long units = Long.parseLong(time.group(1));
        return switch (time.group(2)) {
            case "ms" -> Duration.ofMillis(units);
            case "s" -> Duration.ofSeconds(units);
            case "m" -> Duration.ofMinutes(units);
            case "h" -> Duration.ofHours(units);
            default -> Duration.ofDays(units);
        };
    }

    private static <V> V check(boolean fits, V value) {
        if (!fits) {
            throw new IllegalArgumentException(String.valueOf(value));
        }
        return value;
    }
}
