package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectorTest {

    private static final List<Topic> TOPICS = topics();

    @ParameterizedTest
    @CsvSource({
        "orders/**, orders, true",
        "orders/**, orders/1, true",
        "orders/**, orders/1/x, true",
        "orders/**, ordersx, false",
        "orders/*, orders/1, true",
        "orders/*, orders, false",
        "orders/*, orders/1/x, false",
        "*/x, a/x, true",
        "*/x, a/b/x, false",
        "*/x/**, a/x, true",
        "*/x/**, a/x/b/c, true",
        "*, a, true",
        "*, a/b, false",
        "**, a, true",
        "**, a/b/c, true",
        "*/**, a, true",
        "*/**, a/b, true",
        "**, @all, false",
        "*, @all, false",
        "@all, @all, true",
        "@all, a, false",
    })
    void matches(String selector, String topic, boolean expected) {
        assertThat(Selector.of(selector).matches(Topic.of(topic))).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "a/", "/a", "a//*", "a*", "*a", "a/b*", "**/a", "a/**/b", "***", "a/***", "@me", "@me/**", "@*",
                "../*", "*/."
            })
    void refusesWhatIsNoSelectorAndSaysWhy(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Selector.of(text))
                .withMessageMatching("(?s)(selector|topic) .+");
    }

    @Property(tries = 5_000)
    void matchesWhatItsRegularExpressionMatches(@ForAll long seed) {
        Random random = new Random(seed);
        String text = TestNames.selector(random);
        String topic = TestNames.topic(random);
        assertThat(Selector.of(text).matches(Topic.of(topic)))
                .as("%s matches %s", text, topic)
                .isEqualTo(reference(text).matcher(topic).matches());
    }

    @Property(tries = 2_000)
    void everyTopicItMatchesBeginsWithItsPrefix(@ForAll long seed) {
        Random random = new Random(seed);
        Selector selector = Selector.of(TestNames.selector(random));
        Topic topic = Topic.of(TestNames.topic(random));
        if (selector.matches(topic)) {
            assertThat(topic.name()).startsWith(selector.prefix());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "orders/**, orders, true",
        "orders/**, orders/*/x, true",
        "orders/**, orders/1/**, true",
        "orders/**, **, false",
        "orders/*, orders/1, true",
        "orders/*, orders/*, true",
        "orders/*, orders/**, false",
        "orders/1, orders/*, false",
        "**, */**, true",
        "*/**, **, true",
        "*, **, false",
        "**, @all, false",
        "*, @all, false",
        "@all, @all, true",
        "@all, a, false",
    })
    void covers(String selector, String other, boolean expected) {
        assertThat(Selector.of(selector).covers(Selector.of(other))).isEqualTo(expected);
    }

    @Property(tries = 2_000)
    void coversAnotherIffItMatchesEveryTopicOfThat(@ForAll long seed) {
        Random random = new Random(seed);
        Selector selector = Selector.of(TestNames.selector(random));
        Selector other = Selector.of(TestNames.selector(random));
        assertThat(selector.covers(other))
                .as("%s covers %s", selector, other)
                .isEqualTo(TOPICS.stream().filter(other::matches).allMatch(selector::matches));
    }

    /** Every topic of up to five segments of four names, one of which no selector names, and the one to all. */
    private static List<Topic> topics() {
        List<String> names = new ArrayList<>(List.of("a", "b", "c", "other"));
        List<String> longest = names;
        for (int segments = 2; segments <= 5; segments++) {
            longest = longest.stream()
                    .flatMap(name -> Stream.of("a", "b", "c", "other").map(last -> name + "/" + last))
                    .toList();
            names.addAll(longest);
        }
        names.add(Topic.ALL.name());
        return names.stream().map(Topic::of).toList();
    }

    private static Pattern reference(String text) {
        if (text.equals("**")) {
            return Pattern.compile(".+");
        }
        boolean deep = text.endsWith("/**");
        String head = deep ? text.substring(0, text.length() - 3) : text;
        StringBuilder regex = new StringBuilder();
        for (String segment : head.split("/", -1)) {
            regex.append(regex.length() == 0 ? "" : "/").append(segment.equals("*") ? "[^/]+" : Pattern.quote(segment));
        }
        return Pattern.compile(regex + (deep ? "(/.+)?" : ""));
    }
}
