package dev.fanfare.auth;

import static dev.fanfare.auth.Forge.KEY;
import static dev.fanfare.auth.Forge.accepted;
import static dev.fanfare.auth.Forge.hs256;
import static dev.fanfare.auth.Forge.refused;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.util.Base64URL;
import dev.fanfare.hub.Selector;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way in which a token can be no good. */
class TokenRefusalsTest {

    private static final Clock CLOCK = new Clock();
    private static final String HEADER = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    private static final long NOW = CLOCK.seconds();
    private static final String GOOD =
            "{\"iss\":\"us\",\"aud\":[\"a\",\"hub\"],\"sub\":\"alice\",\"exp\":" + (NOW + 60) + ",\"iat\":" + NOW
                    + ",\"nbf\":" + NOW + ",\"fanfare\":{\"subscribe\":[\"orders/*\"],\"publish\":[\"orders/42\"]}}";

    private final Authenticator authenticator = new Authenticator(
            new AuthSettings(KEY, null, null, "us", "hub", "fanfare", Duration.ofSeconds(30), List.of(), List.of()),
            CLOCK);

    @AfterEach
    void close() {
        authenticator.close();
    }

    @Test
    void theTokenThatTheOthersAreMadeOfIsGood() {
        Caller caller = accepted(authenticator.bearer(hs256(HEADER, GOOD, KEY)));

        assertThat(caller.kind()).isEqualTo(Caller.Kind.JWT);
        assertThat(caller.user()).isEqualTo("alice");
        assertThat(caller.name()).isEqualTo("user:alice");
        assertThat(caller.until()).isEqualTo((NOW + 60) * 1_000);
        assertThat(caller.issued()).isEqualTo(NOW * 1_000);
        assertThat(caller.rights().subscribe()).containsExactly(Selector.of("orders/*"));
        assertThat(caller.rights().publish()).containsExactly(Selector.of("orders/42"));
        assertThat(caller.rights().admin()).isFalse();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badTokens")
    void isRefusedAsInvalidAndNotRepeated(String what, String token, String saying) {
        AuthRefused refusal = refused(authenticator.bearer(token));

        assertThat(refusal.reason()).isEqualTo(AuthRefused.Reason.INVALID);
        assertThat(refusal.description()).contains(saying);
        assertThat(refusal.challenge()).contains("error=\"invalid_token\"");
        for (String part : token.split("\\.", -1)) {
            if (part.length() > 3) {
                assertThat(refusal.description() + refusal.challenge()).doesNotContain(part);
            }
        }
        assertThat(refused(authenticator.cookie(token)).description()).isEqualTo(refusal.description());
    }

    static Stream<Arguments> badTokens() {
        String good = hs256(HEADER, GOOD, KEY);
        return Stream.of(
                of("empty", "", "not a signed token"),
                of("not a token", "hello", "not a signed token"),
                of("two parts", good.substring(0, good.lastIndexOf('.')), "not a signed token"),
                of("four parts", good + ".x", "not a signed token"),
                of(
                        "five parts, as if encrypted",
                        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA",
                        "not a signed"),
                of("no signature", good.substring(0, good.lastIndexOf('.') + 1), "not a signed token"),
                of("a character that is not base64url", good.replaceFirst("\\.", ".!"), "not a signed token"),
                of("padding", good + "=", "not a signed token"),
                of("other bits after the last byte", otherLastBits(good), "not a signed token"),
                of("a header that is not JSON", hs256("alg", GOOD, KEY), "not a signed token"),
                of("a payload that is not JSON", hs256(HEADER, "exp", KEY), "not a JSON object"),
                of("a payload that is an array", hs256(HEADER, "[]", KEY), "not a JSON object"),
                of("a payload of pairs", hs256(HEADER, "[[\"exp\"," + (NOW + 60) + "]]", KEY), "not a JSON object"),
                of("a header of pairs", hs256("[[\"alg\",\"HS256\"]]", GOOD, KEY), "not a signed token"),
                of("more after the payload", hs256(HEADER, GOOD + "{}", KEY), "not a JSON object"),
                of("a payload nested too deep", hs256(HEADER, "{\"a\":" + "[".repeat(5_000), KEY), "not a JSON object"),
                of("8 KiB and one", hs256(HEADER, GOOD, KEY) + "A".repeat(8_193), "longer than 8192"),
                of(
                        "alg none",
                        Base64URL.encode("{\"alg\":\"none\"}") + "." + Base64URL.encode(GOOD) + ".",
                        "not a signed"),
                of("alg none with a signature", hs256("{\"alg\":\"none\"}", GOOD, KEY), "not a signed token"),
                of("alg None", hs256("{\"alg\":\"None\"}", GOOD, KEY), "alg is not taken"),
                of("no alg", hs256("{\"typ\":\"JWT\"}", GOOD, KEY), "not a signed token"),
                of(
                        "an alg of two values",
                        hs256("{\"alg\":\"none\",\"alg\":\"HS256\"}", GOOD, KEY),
                        "not a signed token"),
                of("alg ES256K", hs256("{\"alg\":\"ES256K\"}", GOOD, KEY), "alg is not taken"),
                of("alg HS512 with a short key", hs512(), "signature is not by a key"),
                of("signed with another key", hs256(HEADER, GOOD, KEY + "!"), "signature is not by a key"),
                of(
                        "another payload",
                        good.replaceFirst("\\.[^.]+", "." + Base64URL.encode(GOOD.replace("alice", "bob"))),
                        "signature"),
                of("crit", hs256("{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", GOOD, KEY), "crit"),
                of("crit b64", hs256("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":true}", GOOD, KEY), "crit"),
                of("another kind of token", hs256("{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}", GOOD, KEY), "typ"),
                of("expired", changed("\"exp\":" + (NOW + 60), "\"exp\":" + (NOW - 31)), "expired"),
                of("no exp", changed("\"exp\":" + (NOW + 60) + ",", ""), "[exp]"),
                of("exp null", changed("\"exp\":" + (NOW + 60), "\"exp\":null"), "exp is not a time"),
                of(
                        "exp as text",
                        changed("\"exp\":" + (NOW + 60), "\"exp\":\"" + (NOW + 60) + "\""),
                        "exp is not a time"),
                of("exp below 0", changed("\"exp\":" + (NOW + 60), "\"exp\":-1"), "exp is not a time"),
                of("exp in ms", changed("\"exp\":" + (NOW + 60), "\"exp\":" + (NOW + 60) + "000"), "exp is not a time"),
                of("exp of 2^63", changed("\"exp\":" + (NOW + 60), "\"exp\":9223372036854775807"), "exp is not a time"),
                of(
                        "exp of 30 digits",
                        changed("\"exp\":" + (NOW + 60), "\"exp\":" + "9".repeat(30)),
                        "exp is not a time"),
                of("exp beyond a double", changed("\"exp\":" + (NOW + 60), "\"exp\":1e999"), "not a JSON object"),
                of("exp NaN", changed("\"exp\":" + (NOW + 60), "\"exp\":NaN"), "not a JSON object"),
                of("exp twice", changed("\"exp\":" + (NOW + 60), "\"exp\":1,\"exp\":" + (NOW + 60)), "repeated names"),
                of("not yet valid", changed("\"nbf\":" + NOW, "\"nbf\":" + (NOW + 31)), "before use time"),
                of("nbf as text", changed("\"nbf\":" + NOW, "\"nbf\":\"\""), "nbf is not a time"),
                of("issued in the future", changed("\"iat\":" + NOW, "\"iat\":" + (NOW + 31)), "iat is in the future"),
                of("iat as an object", changed("\"iat\":" + NOW, "\"iat\":{}"), "iat is not a time"),
                of("another issuer", changed("\"us\"", "\"them\""), "iss claim value rejected"),
                of("no issuer", changed("\"iss\":\"us\",", ""), "[iss]"),
                of("iss as a list", changed("\"us\"", "[\"us\"]"), "wrong type"),
                of("another audience", changed("\"hub\"", "\"shop\""), "aud claim rejected"),
                of("no audience", changed("\"aud\":[\"a\",\"hub\"],", ""), "aud claim"),
                of("aud as a number", changed("[\"a\",\"hub\"]", "5"), "wrong type"),
                of("sub as a number", changed("\"alice\"", "7"), "sub is not text"),
                of("sub empty", changed("alice", ""), "empty"),
                of("sub of half a character", changed("alice", "\\ud83d"), "well-formed"),
                of("sub too long", changed("alice", "*".repeat(84)), "longer than 250"),
                of(
                        "rights as text",
                        changed("{\"subscribe\":[\"orders/*\"],\"publish\":[\"orders/42\"]}", "\"all\""),
                        "not an object"),
                of("subscribe as text", changed("[\"orders/*\"]", "\"orders/*\""), "subscribe is not a list"),
                of("subscribe null", changed("[\"orders/*\"]", "null"), "subscribe is not a list"),
                of("a selector as a number", changed("[\"orders/*\"]", "[1]"), "not text"),
                of("a selector that is none", changed("orders/*", "orders*"), "no selector"),
                of("publish twice", changed("\"publish\":", "\"publish\":[],\"publish\":"), "repeated names"),
                of("admin as text", changed("\"publish\":", "\"admin\":\"true\",\"publish\":"), "admin is neither"));
    }

    private static Arguments of(String what, String token, String saying) {
        return Arguments.of(what, token, saying);
    }

    private static String changed(String before, String after) {
        assertThat(GOOD).contains(before);
        return hs256(HEADER, GOOD.replace(before, after), KEY);
    }

    private static String hs512() {
        return Forge.hmac(
                "HmacSHA512", "{\"alg\":\"HS512\"}", GOOD, KEY.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** The same signature in bytes, written with bits that no encoder leaves set. */
    private static String otherLastBits(String token) {
        char last = token.charAt(token.length() - 1);
        return token.substring(0, token.length() - 1) + (char) (last + 1);
    }
}
