package dev.fanfare.auth;

import static dev.fanfare.auth.Forge.accepted;
import static dev.fanfare.auth.Forge.refused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Keys from an issuer's URL, over a real socket. */
class KeyServerTest {

    private static final KeyServer.Pace PACE = new KeyServer.Pace(
            Duration.ofMinutes(5),
            Duration.ofSeconds(30),
            Duration.ofSeconds(5),
            Duration.ofHours(24),
            Duration.ofSeconds(2));

    private interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    private final Clock clock = new Clock();
    private final ECKey first = key("first");
    private final ECKey second = key("second");
    private final AtomicInteger fetches = new AtomicInteger();
    private final CountDownLatch over = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile Answer answer = keys(first);
    private HttpServer issuer = serve(0);
    private Authenticator authenticator = authenticator();

    @BeforeEach
    void keysAreFetchedAtTheStart() {
        accepted(authenticator.bearer(token(first, -1)));
        assertThat(fetches).hasValue(1);
    }

    @AfterEach
    void close() {
        over.countDown();
        authenticator.close();
        issuer.stop(0);
        threads.shutdownNow();
    }

    @Test
    void aTokenOfTheIssuerIsGood() {
        assertThat(accepted(authenticator.bearer(token(first))).user()).isEqualTo("alice");
        assertThat(fetches).hasValue(1);
    }

    @Test
    void anotherAudienceOrIssuerIsNot() {
        for (String claims : List.of(
                "{\"iss\":\"them\",\"aud\":\"hub\",\"exp\":",
                "{\"iss\":\"us\",\"aud\":\"shop\",\"exp\":",
                "{\"exp\":")) {
            String token = Forge.signed(first, JWSAlgorithm.ES256, Forge.claims(claims + (clock.seconds() + 60) + "}"));
            assertThat(refused(authenticator.bearer(token)).reason()).isEqualTo(AuthRefused.Reason.INVALID);
        }
    }

    @Test
    void anUnknownKeyIsLookedUpAndRotationIsSeenAtOnce() {
        accepted(authenticator.bearer(token(first)));
        answer = keys(first, second);
        clock.move(Duration.ofSeconds(31));

        assertThat(accepted(authenticator.bearer(token(second))).user()).isEqualTo("alice");
        assertThat(fetches).hasValue(2);
        assertThat(accepted(authenticator.bearer(token(first))).user()).isEqualTo("alice");
    }

    @Test
    void manyTokensOfAnUnknownKeyCauseOneFetch() {
        clock.move(Duration.ofSeconds(31));
        for (int i = 0; i < 50; i++) {
            AuthRefused refusal = refused(authenticator.bearer(token(second, i)));
            assertThat(refusal.reason()).as("token %s", i).isEqualTo(AuthRefused.Reason.INVALID);
            assertThat(refusal.description()).contains("key that the issuer does not publish");
        }
        assertThat(fetches).hasValue(2);
    }

    @Test
    void anUnknownKeyJustAfterAFetchIsNotCalledBad() {
        AuthRefused refusal = refused(authenticator.bearer(token(second)));

        assertThat(refusal.reason()).isEqualTo(AuthRefused.Reason.UNAVAILABLE);
        assertThat(refusal.retryAfterSeconds()).isBetween(1, 30);
        assertThat(fetches).hasValue(1);
    }

    @Test
    void aKeyThatIsWithdrawnTakesItsTokensAlong() {
        String token = token(first);
        accepted(authenticator.bearer(token));
        answer = keys(second);
        clock.move(Duration.ofMinutes(6));

        accepted(authenticator.bearer(token)); // with the keys there are, while newer ones are fetched
        await().until(() -> authenticator
                .bearer(token)
                .toCompletableFuture()
                .handle((caller, failure) -> failure != null)
                .get());
        clock.move(Duration.ofSeconds(31));

        assertThat(refused(authenticator.bearer(token)).description()).contains("does not publish");
    }

    @Test
    void anIssuerThatIsDownChangesNothingForTheKeysItGave() throws Exception {
        int port = issuer.getAddress().getPort();
        accepted(authenticator.bearer(token(first, 0)));
        issuer.stop(0);
        clock.move(Duration.ofHours(20));

        assertThat(accepted(authenticator.bearer(token(first, 1))).user()).isEqualTo("alice");
        assertThat(unavailable(token(second)).description()).contains("issuer's keys");
        assertThat(accepted(authenticator.bearer(token(first, 2))).user()).isEqualTo("alice");

        answer = keys(second);
        issuer = serve(port);
        clock.move(Duration.ofSeconds(6));
        assertThat(accepted(authenticator.bearer(token(second))).user()).isEqualTo("alice");
    }

    @Test
    void keysThatAreADayOldAreNotUsed() {
        String known = token(first, 0);
        accepted(authenticator.bearer(known));
        issuer.stop(0);
        clock.move(Duration.ofHours(25));

        assertThat(unavailable(known).reason().status()).isEqualTo(503);
        assertThat(unavailable(token(first, 1)).retryAfterSeconds()).isPositive();
    }

    @Test
    void anIssuerThatIsSlowHoldsUpOnlyTokensOfKeysItHasNotGiven() {
        CountDownLatch asked = new CountDownLatch(1);
        answer = exchange -> {
            asked.countDown();
            exchange.sendResponseHeaders(200, 100);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            await().until(() -> over.getCount() == 0);
        };
        clock.move(Duration.ofSeconds(31));
        var waits = authenticator.bearer(token(second)).toCompletableFuture();
        await().until(() -> asked.getCount() == 0);

        for (int i = 0; i < 20; i++) {
            assertThat(accepted(authenticator.bearer(token(first, i))).user()).isEqualTo("alice");
        }
        assertThat(refused(waits).reason()).isEqualTo(AuthRefused.Reason.UNAVAILABLE);
    }

    @Test
    void garbageIsNotTakenForKeys() {
        accepted(authenticator.bearer(token(first, 0)));
        List<Answer> garbage = List.of(
                text("<html>502</html>"),
                text("{\"keys\":[]}"),
                text("{}"),
                text("{\"keys\":[{\"kty\":\"EC\"}]}"),
                text(new JWKSet(second.toPublicJWK()).toString() + " ".repeat(5 << 20)),
                exchange -> exchange.sendResponseHeaders(500, -1),
                exchange -> exchange.sendResponseHeaders(204, -1));
        for (Answer each : garbage) {
            answer = each;
            clock.move(Duration.ofSeconds(31));
            assertThat(unavailable(token(second)).reason().status()).isEqualTo(503);
            assertThat(accepted(authenticator.bearer(token(first, clock.seconds())))
                            .user())
                    .isEqualTo("alice");
        }
    }

    @Test
    void beforeTheFirstKeysTokensAreNotCalledBad() {
        authenticator.close();
        answer = text("starting");
        authenticator = authenticator();
        await().until(() -> fetches.get() == 2);
        assertThat(unavailable(token(first)).retryAfterSeconds()).isPositive();

        answer = keys(first);
        clock.move(Duration.ofSeconds(6));
        assertThat(accepted(authenticator.bearer(token(first))).user()).isEqualTo("alice");
    }

    @Test
    void anExpiredTokenAsksForNoKey() {
        clock.move(Duration.ofSeconds(31));
        String token = Forge.signed(
                second,
                JWSAlgorithm.ES256,
                Forge.claims("{\"iss\":\"us\",\"aud\":\"hub\",\"exp\":" + (clock.seconds() - 60) + "}"));

        assertThat(refused(authenticator.bearer(token)).description()).contains("expired");
        assertThat(fetches).hasValue(1);
    }

    @Test
    void anHmacOverAPublishedKeyIsRefused() throws Exception {
        byte[] published = new JWKSet(first.toPublicJWK()).toString().getBytes(UTF_8);
        String claims = "{\"iss\":\"us\",\"aud\":\"hub\",\"exp\":" + (clock.seconds() + 60) + "}";
        for (byte[] secret : List.of(published, first.toPublicKey().getEncoded())) {
            String token = Forge.hmac("HmacSHA256", "{\"alg\":\"HS256\",\"kid\":\"first\"}", claims, secret);
            assertThat(refused(authenticator.bearer(token)).reason()).isEqualTo(AuthRefused.Reason.INVALID);
        }
        assertThat(fetches).hasValue(1);
    }

    @Test
    void edwardsKeysArePublishedToo() throws Exception {
        KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        byte[] encoded = keys.getPublic().getEncoded();
        Base64URL x = Base64URL.encode(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
        answer = text("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"ed\",\"x\":\"" + x + "\"}]}");
        clock.move(Duration.ofSeconds(31));
        String claims = "{\"iss\":\"us\",\"aud\":\"hub\",\"sub\":\"alice\",\"exp\":" + (clock.seconds() + 60) + "}";

        assertThat(accepted(authenticator.bearer(Forge.ed25519(keys, "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", claims)))
                        .user())
                .isEqualTo("alice");
    }

    @Test
    void otherSettingsOfTheSameIssuerKeepItsKeys() {
        accepted(authenticator.bearer(token(first, 0)));
        issuer.stop(0);

        authenticator.use(settings());

        assertThat(accepted(authenticator.bearer(token(first, 1))).user()).isEqualTo("alice");
        assertThat(fetches).hasValue(1);
    }

    /** The refusal once the issuer has failed: a fetch that fails needs a moment of real time. */
    private AuthRefused unavailable(String token) {
        AuthRefused refusal = refused(authenticator.bearer(token));
        assertThat(refusal.reason()).as(refusal.description()).isEqualTo(AuthRefused.Reason.UNAVAILABLE);
        return refusal;
    }

    private String token(ECKey key) {
        return token(key, 0);
    }

    private String token(ECKey key, long number) {
        return Forge.signed(
                key,
                JWSAlgorithm.ES256,
                Forge.claims("{\"iss\":\"us\",\"aud\":\"hub\",\"sub\":\"alice\",\"n\":" + number + ",\"exp\":"
                        + (clock.seconds() + 200_000) + "}"));
    }

    private Authenticator authenticator() {
        return new Authenticator(settings(), clock, PACE, 100);
    }

    private AuthSettings settings() {
        URI uri = URI.create("http://127.0.0.1:" + issuer.getAddress().getPort() + "/keys");
        return new AuthSettings(null, null, uri, "us", "hub", "fanfare", Duration.ofSeconds(30), List.of(), List.of());
    }

    private HttpServer serve(int port) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.createContext("/keys", exchange -> {
                fetches.incrementAndGet();
                try (exchange) {
                    answer.to(exchange);
                }
            });
            server.setExecutor(threads);
            server.start();
            return server;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Answer keys(ECKey... keys) {
        return text(new JWKSet(Arrays.asList(keys)).toString());
    }

    private static Answer text(String text) {
        return exchange -> {
            byte[] bytes = text.getBytes(UTF_8);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    private static ECKey key(String id) {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID(id).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }
}
