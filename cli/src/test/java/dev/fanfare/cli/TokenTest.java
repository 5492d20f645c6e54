package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fanfare.auth.AuthSettings;
import dev.fanfare.auth.Authenticator;
import dev.fanfare.auth.Caller;
import dev.fanfare.auth.Rights;
import dev.fanfare.hub.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings of whom a node trusts, and tokens made from them. */
class TokenTest {

    private static final String KEY = "0123456789abcdef0123456789abcdef";
    private static final String HASH = "1".repeat(64);

    @TempDir
    Path directory;

    @Test
    void aNodeWithTheSameSettingsAcceptsTheToken() throws Exception {
        Path config = write("auth: {key: '" + KEY + "', issuer: us, audience: hub}");

        Run run = Run.of(
                "token",
                "--config",
                config.toString(),
                "--subscribe",
                "orders/*",
                "--subscribe",
                "@me/**",
                "--publish",
                "orders/42",
                "--sub",
                "auth0|1",
                "--ttl",
                "10m",
                "--admin");

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).matches("[\\w-]+\\.[\\w-]+\\.[\\w-]+\\n");
        Caller caller =
                accepted(Access.of(read(config, Map.of(), Map.of())), run.out().strip());
        assertThat(caller.user()).isEqualTo("auth0|1");
        assertThat(caller.rights())
                .isEqualTo(new Rights(
                        List.of(Selector.of("orders/*"), Selector.of("users/auth0|1/**")),
                        List.of(Selector.of("orders/42")),
                        true));
        assertThat(Duration.ofMillis(caller.until() - System.currentTimeMillis()))
                .isBetween(Duration.ofMinutes(8), Duration.ofMinutes(10));
    }

    @Test
    void theKeyMayBeAFlagOrAFile() throws Exception {
        Path file = Files.writeString(directory.resolve("key"), KEY + "\n");
        AuthSettings settings = Access.of(read(null, Map.of("FANFARE_AUTH_KEY", KEY), Map.of()));

        for (String flag : List.of("--auth.key=" + KEY, "--auth.key-file=" + file)) {
            Run run = Run.of("token", "--publish", "orders/**", flag);
            assertThat(accepted(settings, run.out().strip()).rights().publish())
                    .containsExactly(Selector.of("orders/**"));
        }
    }

    @Test
    void withoutAKeyItSaysHowToMakeOne() {
        Run run = Run.of("token", "--publish", "a");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("no auth.key").contains("FANFARE_AUTH_KEY=$(openssl rand -base64 32)");
    }

    @Test
    void whatMakesNoSenseIsWrongUsage() {
        refuses("a token for nothing");
        refuses("selector 'a*'", "--subscribe", "a*");
        refuses("expected: a time from 1s", "--publish", "a", "--ttl", "soon");
        refuses("names no user", "--subscribe", "@me");
        assertThat(Run.of("token", "--auth.key", "hunter2", "--admin").err())
                .contains("at least 32 bytes; openssl rand -base64 32")
                .doesNotContain("hunter2");
    }

    @Test
    void apiKeysAreAListInTheFileAndJsonElsewhere() throws Exception {
        Path config = write("auth:\n  api-keys:\n    - name: backend\n      sha256: " + HASH
                + "\n      publish: ['orders/**', '@all']\n      admin: true\n");
        String json = "[{\"name\":\"backend\",\"sha256\":\"" + HASH
                + "\",\"publish\":[\"orders/**\",\"@all\"],\"admin\":true}]";

        AuthSettings fromFile = Access.of(read(config, Map.of(), Map.of()));

        assertThat(fromFile.apiKeys()).singleElement().satisfies(key -> {
            assertThat(key.name()).isEqualTo("backend");
            assertThat(key.rights().publish()).containsExactly(Selector.of("orders/**"), Selector.of("@all"));
            assertThat(key.rights().admin()).isTrue();
        });
        assertThat(Access.of(read(null, Map.of("FANFARE_AUTH_API_KEYS", json), Map.of()))
                        .apiKeys())
                .isEqualTo(fromFile.apiKeys());
    }

    @Test
    void settingsThatDoNotGoTogetherAreNamedAtTheStart() {
        refusesSettings("auth.jwks: not alone", Map.of("auth.jwks", "https://example.com/keys"));
        refusesSettings("auth.jwks: ftp://x", Map.of("auth.jwks", "ftp://x"));
        refusesSettings("auth.issuer: not alone", Map.of("auth.issuer", "us"));
        refusesSettings("auth.key: too short", Map.of("auth.key", "short"));
        refusesSettings("auth.public-key: not PEM", Map.of("auth.public-key", "x"));
        refusesSettings("auth.api-keys: 'a'", Map.of("auth.api-keys", "[{\"name\":\"a\",\"sha256\":\"b\"}]"));
        refusesSettings("auth.anonymous.subscribe: not alone", Map.of("auth.anonymous.subscribe", "news/**"));
        refusesSettings(
                "auth.anonymous.subscribe: selector 'a*'", Map.of("auth.key", KEY, "auth.anonymous.subscribe", "a*"));
    }

    @Test
    void aNodeThatAsksForCredentialsMayListenWiderAndOneThatDoesNotMayNot() {
        assertThat(read(null, Map.of(), Map.of("host", "0.0.0.0", "auth.key", KEY))
                        .value(Definitions.HOST))
                .isEqualTo("0.0.0.0");
        refusesSettings("host: 0.0.0.0", Map.of("host", "0.0.0.0"));
    }

    @Test
    void checkShowsNoKey() {
        Run run = Run.of("serve", "--check", "--auth.key", KEY);

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("auth.key:").doesNotContain(KEY);
    }

    private static void refuses(String saying, String... arguments) {
        String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        all[0] = "token";
        all[1] = "--auth.key=" + KEY;
        Run run = Run.of(all);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(saying).doesNotContain(KEY);
    }

    private static void refusesSettings(String saying, Map<String, String> flags) {
        assertThatThrownBy(() -> read(null, Map.of(), flags))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(saying);
    }

    private Path write(String yaml) throws Exception {
        return Files.writeString(directory.resolve("fanfare.yaml"), yaml);
    }

    private static Settings read(@Nullable Path config, Map<String, String> environment, Map<String, String> flags) {
        return SettingsReader.read(config, environment, flags);
    }

    private static Caller accepted(AuthSettings settings, String token) throws Exception {
        try (Authenticator authenticator = new Authenticator(settings, InstantSource.system())) {
            return authenticator.bearer(token).toCompletableFuture().get(20, TimeUnit.SECONDS);
        }
    }
}
