package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopicTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "orders/42",
                "größe/€",
                "a b",
                "...",
                "a/.b",
                ".a/b.",
                "a/...",
                "a@b",
                "a/@all",
                "%2F",
                "𝄞",
                "-1/-2"
            })
    void takesNames(String name) {
        assertThat(Topic.of(name).name()).isEqualTo(name);
        assertThat(Selector.of(name).isPattern()).isFalse();
        assertThat(Selector.of(name).matches(Topic.of(name))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "/", "/a", "a/", "a//b", ".", "..", "a/.", "./a", "a/..", "../a", "a/../b", "*", "a/*", "a*", "**",
                "@", "@me", "@all/x", "@allx", "a\nb", "a\rb", "a\0b", "a\u007f", "a\u0085", "\t"
            })
    void refusesWhatIsNoTopicAndSaysWhy(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Topic.of(name))
                .withMessageStartingWith("topic ")
                .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain("\n", "\r", "\0"));
    }

    @Test
    void countsItsBytesInUtf8() {
        assertThat(Topic.of("x".repeat(512)).name()).hasSize(512);
        assertThat(Topic.of("€".repeat(170)).name()).hasSize(170);
        assertThatIllegalArgumentException().isThrownBy(() -> Topic.of("x".repeat(513)));
        assertThatIllegalArgumentException().isThrownBy(() -> Topic.of("€".repeat(171)));
    }

    @Test
    void theTopicOfAllIsOne() {
        assertThat(Topic.of("@all")).isSameAs(Topic.ALL);
        assertThat(Topic.of("a"))
                .isEqualTo(Topic.of("a"))
                .isNotEqualTo(Topic.ALL)
                .hasSameHashCodeAs(Topic.of("a"));
    }
}
