package dev.fanfare.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Topic;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UserTopicsTest {

    @ParameterizedTest
    @CsvSource({
        "alice, alice",
        "**, %2A%2A",
        "*, %2A",
        "a/b, a%2Fb",
        "auth0|1, auth0|1",
        "., %2E",
        ".., %2E%2E",
        "..., ...",
        "a.b, a.b",
        "%2F, %252F",
        "😀, 😀",
        "@all, @all",
        "a b, a b",
    })
    void aUserIsOneLiteralSegment(String user, String segment) {
        assertThat(UserTopics.segment(user)).isEqualTo(segment);
        assertThat(UserTopics.resolve("@me", user)).isEqualTo("users/" + segment);
        assertThat(UserTopics.resolve("@me/**", user)).isEqualTo("users/" + segment + "/**");
        assertThat(UserTopics.resolve("@me/inbox", user)).isEqualTo("users/" + segment + "/inbox");
        assertThat(Selector.of(UserTopics.resolve("@me", user)).isPattern()).isFalse();
        assertThat(Topic.of("users/" + segment).name()).isEqualTo("users/" + segment);
    }

    @Test
    void controlCharactersAreEncodedAsTheirBytes() {
        assertThat(UserTopics.segment("a\r\n\u0000\u0085b")).isEqualTo("a%0D%0A%00%C2%85b");
    }

    @Test
    void twoUsersNeverShareASegment() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String letters = "ab/*%.25FE\n\u0085|";
        Map<String, String> users = new HashMap<>();
        for (int i = 0; i < 50_000; i++) {
            StringBuilder user = new StringBuilder();
            for (int n = random.nextInt(4); n >= 0; n--) {
                user.append(letters.charAt(random.nextInt(letters.length())));
            }
            String other = users.put(UserTopics.segment(user.toString()), user.toString());
            assertThat(other == null || other.contentEquals(user))
                    .as("%s and %s, seed %s", other, user, seed)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\ud83d", "a\udc00b"})
    void whatIsNoTextIsNoUser(String user) {
        assertThatIllegalArgumentException().isThrownBy(() -> UserTopics.segment(user));
    }

    @Test
    void aUserHasRoomInATopicOrIsRefused() {
        assertThat(UserTopics.segment("a".repeat(250))).hasSize(250);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UserTopics.segment("a".repeat(251)))
                .withMessageContaining("longer than 250 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"@mean", "me", "a/@me", "users/**", "@all"})
    void onlyMeStandsForSomething(String text) {
        assertThat(UserTopics.resolve(text, "alice")).isEqualTo(text);
    }

    @Test
    void withoutAUserThereIsNoMe() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> UserTopics.resolve("@me/**", null))
                .withMessageContaining("names no user");
    }
}
