package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be bridged is said before anything starts. */
class ChannelsTest {

    private static final String URL = "redis://127.0.0.1:1";

    private static void isRefused(Run run, String message) {
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains(message);
    }

    @Test
    void channelsAreThoseOfARedisServer() {
        isRefused(
                Run.of("serve", "--memory", "--redis.ingress.channels", "user:events"),
                "redis.ingress.channels: user:events (expected: redis too");
    }

    @ParameterizedTest
    @ValueSource(strings = {"user:*", "user:?", "user:[ab]", "a,", ""})
    void aPatternIsNoChannel(String channels) {
        isRefused(
                Run.of("serve", "--redis", URL, "--redis.ingress.channels", channels),
                "(expected: channels like user:events, without *, ? or [");
    }

    @ParameterizedTest
    @ValueSource(strings = {"orders/*", "users/{userId", "{topic},", "@{x}", "none"})
    void aTemplateMakesATopic(String templates) {
        isRefused(
                Run.of("serve", "--redis", URL, "--redis.ingress.topic", templates),
                "(expected: topics with members in braces, like users/{userId}");
    }
}
