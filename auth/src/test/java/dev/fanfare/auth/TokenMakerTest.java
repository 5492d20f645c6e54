package dev.fanfare.auth;

import static dev.fanfare.auth.Forge.accepted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fanfare.hub.Selector;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TokenMakerTest {

    private final Clock clock = new Clock();

    @Test
    void aNodeWithTheSameSettingsAcceptsWhatIsMade() {
        for (AuthSettings settings : List.of(
                Forge.settings(Forge.KEY, null),
                issued("fanfare"),
                issued("https://example.com/fanfare"),
                issued("a.b"))) {
            String token = new TokenMaker(settings, clock)
                    .make("a/b", List.of("@me/**", "orders/*"), List.of("@all", "x"), true, Duration.ofHours(1));
            try (Authenticator authenticator = new Authenticator(settings, clock)) {
                Caller caller = accepted(authenticator.bearer(token));

                assertThat(caller.user()).isEqualTo("a/b");
                assertThat(caller.rights())
                        .isEqualTo(new Rights(
                                List.of(Selector.of("users/a%2Fb/**"), Selector.of("orders/*")),
                                List.of(Selector.of("@all"), Selector.of("x")),
                                true));
                assertThat(caller.issued()).isEqualTo(clock.millis());
                assertThat(caller.until()).isEqualTo(clock.millis() + 3_600_000);
            }
        }
    }

    @Test
    void whatNoNodeWouldAcceptIsNotMade() {
        TokenMaker maker = new TokenMaker(Forge.settings(Forge.KEY, null), clock);

        refuses(maker, "", List.of(), "empty");
        refuses(maker, null, List.of("@me"), "names no user");
        refuses(maker, null, List.of("orders*"), "selector 'orders*'");
        refuses(new TokenMaker(AuthSettings.OPEN, clock), null, List.of("a"), "openssl rand -base64 32");
    }

    private static void refuses(TokenMaker maker, @Nullable String user, List<String> subscribe, String saying) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> maker.make(user, subscribe, List.of(), false, Duration.ofHours(1)))
                .withMessageContaining(saying);
    }

    private static AuthSettings issued(String claim) {
        return new AuthSettings(
                Forge.KEY, null, null, "us", "hub", claim, Duration.ofSeconds(30), List.of(), List.of());
    }
}
