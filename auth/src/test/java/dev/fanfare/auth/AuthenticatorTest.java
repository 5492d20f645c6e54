package dev.fanfare.auth;

import static dev.fanfare.auth.Forge.KEY;
import static dev.fanfare.auth.Forge.accepted;
import static dev.fanfare.auth.Forge.hs256;
import static dev.fanfare.auth.Forge.refused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.Selector;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AuthenticatorTest {

    private static final String HEADER = "{\"alg\":\"HS256\"}";

    private final Clock clock = new Clock();

    @Test
    void anOpenNodeAsksForNothing() {
        try (Authenticator authenticator = new Authenticator(AuthSettings.OPEN, clock)) {
            assertThat(accepted(authenticator.bearer("whatever"))).isSameAs(Caller.OPEN);
            assertThat(accepted(authenticator.cookie("whatever"))).isSameAs(Caller.OPEN);
            assertThat(authenticator.anonymous()).isSameAs(Caller.OPEN);
            assertThat(authenticator.isOpen()).isTrue();
        }
    }

    @Test
    void withoutACredentialOneMayReadWhatTheSettingsLeaveOpen() {
        AuthSettings settings = new AuthSettings(
                KEY, null, null, null, null, "fanfare", Duration.ZERO, List.of(), List.of(Selector.of("news/**")));
        try (Authenticator authenticator = new Authenticator(settings, clock)) {
            Caller anyone = authenticator.anonymous();

            assertThat(anyone.kind()).isEqualTo(Caller.Kind.ANONYMOUS);
            assertThat(anyone.maySubscribe(Selector.of("news/*"))).isTrue();
            assertThat(anyone.maySubscribe(Selector.of("orders"))).isFalse();
            assertThat(anyone.rights().publish()).isEmpty();
            assertThat(anyone.rights().admin()).isFalse();
        }
    }

    @Test
    void aTokenIsVerifiedOnceAndKnownAtOnceUntilItEnds() {
        try (Authenticator authenticator = new Authenticator(Forge.settings(KEY, null), clock)) {
            String token = token("alice", 60);
            Caller caller = accepted(authenticator.bearer(token));

            CompletableFuture<Caller> again = authenticator.bearer(token).toCompletableFuture();
            assertThat(again).isCompleted();
            assertThat(again.join()).isSameAs(caller);

            clock.move(Duration.ofSeconds(61));
            assertThat(accepted(authenticator.bearer(token)).until())
                    .as("within the leeway it holds for the rest of that")
                    .isEqualTo(caller.until() + 30_000);
            clock.move(Duration.ofSeconds(30));
            assertThat(refused(authenticator.bearer(token)).description()).contains("expired");
        }
    }

    @Test
    void otherSettingsHoldFromTheNextTokenOn() {
        try (Authenticator authenticator = new Authenticator(Forge.settings(KEY, null), clock)) {
            String before = token("alice", 60);
            String after = hs256(HEADER, claims("alice", 60), KEY + KEY);
            accepted(authenticator.bearer(before));

            authenticator.use(Forge.settings(KEY + KEY, null));

            assertThat(refused(authenticator.bearer(before)).reason()).isEqualTo(AuthRefused.Reason.INVALID);
            assertThat(accepted(authenticator.bearer(after)).user()).isEqualTo("alice");
        }
    }

    @Test
    void aReloadNeitherOpensNorClosesANode() {
        try (Authenticator closed = new Authenticator(Forge.settings(KEY, null), clock);
                Authenticator open = new Authenticator(AuthSettings.OPEN, clock)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> closed.use(AuthSettings.OPEN))
                    .withMessageContaining("restart");
            assertThatIllegalArgumentException().isThrownBy(() -> open.use(Forge.settings(KEY, null)));
            assertThat(closed.isOpen()).isFalse();
            assertThat(accepted(closed.bearer(token("alice", 60))).user()).isEqualTo("alice");
        }
    }

    @Test
    void anApiKeyGivesTheRightsOfItsEntry() throws Exception {
        String key = "k-4f9a0c";
        try (Authenticator authenticator = new Authenticator(withApiKeys(KEY, key, "other"), clock)) {
            Caller backend = accepted(authenticator.bearer(key));

            assertThat(backend.kind()).isEqualTo(Caller.Kind.API_KEY);
            assertThat(backend.name()).isEqualTo("key:backend-0");
            assertThat(backend.user()).isNull();
            assertThat(backend.until()).isEqualTo(Long.MAX_VALUE);
            assertThat(backend.rights().publish()).containsExactly(Selector.of("**"));
            assertThat(accepted(authenticator.bearer("other")).name()).isEqualTo("key:backend-1");
            assertThat(accepted(authenticator.bearer(token("alice", 60))).user())
                    .isEqualTo("alice");
            assertThat(refused(authenticator.bearer("k-4f9a0d")).reason()).isEqualTo(AuthRefused.Reason.INVALID);
            assertThat(refused(authenticator.cookie(key)).reason())
                    .as("a cookie holds a token, never a key")
                    .isEqualTo(AuthRefused.Reason.INVALID);
            assertThat(refused(authenticator.bearer(sha256(key))).reason())
                    .as("what the settings hold is no key")
                    .isEqualTo(AuthRefused.Reason.INVALID);
        }
    }

    @Test
    void aNodeWithApiKeysAloneTakesNoToken() throws Exception {
        try (Authenticator authenticator = new Authenticator(withApiKeys(null, "k"), clock)) {
            assertThat(refused(authenticator.bearer(token("alice", 60))).reason())
                    .isEqualTo(AuthRefused.Reason.INVALID);
            assertThat(accepted(authenticator.bearer("k")).kind()).isEqualTo(Caller.Kind.API_KEY);
        }
    }

    @Test
    void theRightsAreWhereTheSettingSays() {
        String rights = "{\"subscribe\":[\"orders/*\"]}";
        assertThat(grants("https://example.com/fanfare", "{\"https://example.com/fanfare\":" + rights + "}"))
                .containsExactly(Selector.of("orders/*"));
        assertThat(grants("apps.hub", "{\"apps\":{\"hub\":" + rights + "}}")).containsExactly(Selector.of("orders/*"));
        assertThat(grants("apps.hub", "{\"apps.hub\":" + rights + "}")).containsExactly(Selector.of("orders/*"));
        assertThat(grants("apps.hub", "{\"apps\":[]}")).isEmpty();
        assertThat(grants("fanfare", "{\"sub\":\"a/b\",\"fanfare\":{\"subscribe\":[\"@me/x\"]}}"))
                .containsExactly(Selector.of("users/a%2Fb/x"));
    }

    @Test
    void moreThanCanBeVerifiedIsUnavailableNotInvalidAndNobodyWaits() {
        try (Authenticator authenticator =
                new Authenticator(Forge.settings(KEY, null), clock, KeyServer.Pace.NORMAL, 1)) {
            List<CompletableFuture<Caller>> outcomes = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                outcomes.add(authenticator.bearer(token("user" + i, 60)).toCompletableFuture());
            }

            await().until(() -> outcomes.stream().allMatch(CompletableFuture::isDone));
            assertThat(outcomes).anyMatch(outcome -> !outcome.isCompletedExceptionally());
            assertThat(outcomes).anyMatch(CompletableFuture::isCompletedExceptionally);
            outcomes.stream()
                    .filter(CompletableFuture::isCompletedExceptionally)
                    .forEach(outcome -> {
                        AuthRefused refusal = refused(outcome);
                        assertThat(refusal.reason()).isEqualTo(AuthRefused.Reason.UNAVAILABLE);
                        assertThat(refusal.reason().status()).isEqualTo(503);
                        assertThat(refusal.retryAfterSeconds()).isPositive();
                    });
            assertThat(accepted(authenticator.bearer(token("late", 60))).user()).isEqualTo("late");
        }
    }

    @Test
    void verifiedTokensAreBoundedByCountAndSize() {
        TokenCache cache = new TokenCache(3, 1_000);
        for (int i = 0; i < 10; i++) {
            cache.putIfAbsent("hash" + i, 10, new CompletableFuture<>(), 0);
            cache.putIfAbsent("hash0", 10, new CompletableFuture<>(), 0);
        }
        assertThat(cache.size()).isEqualTo(3);
        assertThat(cache.putIfAbsent("hash0", 10, new CompletableFuture<>(), 0))
                .as("what is used stays")
                .isNotNull();
        cache.putIfAbsent("large", 995, new CompletableFuture<>(), 0);
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void nothingThatIsSaidOrLoggedHoldsACredential() {
        List<String> said = new ArrayList<>();
        Handler listener = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                said.add(entry.getMessage()
                        + List.of(entry.getParameters() == null ? new Object[0] : entry.getParameters())
                        + entry.getThrown());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("dev.fanfare");
        logger.addHandler(listener);
        String good = token("alice", 60);
        String forged = hs256(HEADER, claims("mallory", 60), KEY + "x");
        String expired = token("bob", -90);
        try (Authenticator authenticator = new Authenticator(Forge.settings(KEY, null), clock)) {
            said.add(accepted(authenticator.bearer(good)).toString());
            said.add(Forge.settings(KEY, null).toString());
            for (String bad : List.of(forged, expired, "an API key nobody knows", good + "x".repeat(9_000))) {
                AuthRefused refusal = refused(authenticator.bearer(bad));
                said.add(refusal + refusal.description() + refusal.challenge());
            }
        } finally {
            logger.removeHandler(listener);
        }

        assertThat(said).hasSizeGreaterThanOrEqualTo(6).allSatisfy(text -> {
            assertThat(text).doesNotContain(KEY).doesNotContain("nobody knows");
            for (String token : List.of(good, forged, expired)) {
                assertThat(text).doesNotContain(token.split("\\.")[1]).doesNotContain(token.split("\\.")[2]);
            }
        });
    }

    private List<Selector> grants(String claim, String claims) {
        AuthSettings settings =
                new AuthSettings(KEY, null, null, null, null, claim, Duration.ofSeconds(30), List.of(), List.of());
        try (Authenticator authenticator = new Authenticator(settings, clock)) {
            String payload = "{\"exp\":" + (clock.seconds() + 60) + "," + claims.substring(1);
            return accepted(authenticator.bearer(hs256(HEADER, payload, KEY)))
                    .rights()
                    .subscribe();
        }
    }

    private String token(String user, long ttl) {
        return hs256(HEADER, claims(user, ttl), KEY);
    }

    private String claims(String user, long ttl) {
        return "{\"sub\":\"" + user + "\",\"exp\":" + (clock.seconds() + ttl) + "}";
    }

    private static AuthSettings withApiKeys(@Nullable String secret, String... keys) throws Exception {
        List<ApiKey> entries = new ArrayList<>();
        for (String key : keys) {
            entries.add(new ApiKey(
                    "backend-" + entries.size(),
                    sha256(key),
                    new Rights(List.of(), List.of(Selector.of("**")), false)));
        }
        return new AuthSettings(secret, null, null, null, null, "fanfare", Duration.ofSeconds(30), entries, List.of());
    }

    private static String sha256(String text) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
    }
}
