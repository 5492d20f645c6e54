package dev.fanfare.auth;

import static dev.fanfare.auth.Forge.KEY;
import static dev.fanfare.auth.Forge.accepted;
import static dev.fanfare.auth.Forge.refused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.SignedJWT;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which algorithm goes with which key. */
class TokenAlgorithmsTest {

    private static final Clock CLOCK = new Clock();
    private static final String CLAIMS = "{\"sub\":\"alice\",\"exp\":" + (CLOCK.seconds() + 60) + "}";
    private static final RSAKey RSA = rsa();

    @ParameterizedTest
    @CsvSource({"HmacSHA256, HS256, 32", "HmacSHA384, HS384, 48", "HmacSHA512, HS512, 64"})
    void aSecretAsLongAsTheHash(String mac, String algorithm, int bytes) {
        String secret = "s".repeat(bytes);
        String header = "{\"alg\":\"" + algorithm + "\"}";

        check(Forge.settings(secret, null), Forge.hmac(mac, header, CLAIMS, secret.getBytes(UTF_8)), true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
    void rsa(String algorithm) throws Exception {
        String token = Forge.signed(RSA, JWSAlgorithm.parse(algorithm), Forge.claims(CLAIMS));

        check(Forge.settings(null, Forge.pem(RSA.toPublicKey())), token, true);
        check(Forge.settings(null, Forge.pem(rsa().toPublicKey())), token, false);
        check(Forge.settings(KEY, null), token, false);
    }

    @ParameterizedTest
    @CsvSource({"ES256, P-256", "ES384, P-384", "ES512, P-521"})
    void ellipticCurves(String algorithm, String curve) throws Exception {
        ECKey key = new ECKeyGenerator(Curve.parse(curve)).generate();
        String token = Forge.signed(key, JWSAlgorithm.parse(algorithm), Forge.claims(CLAIMS));

        check(Forge.settings(null, Forge.pem(key.toPublicKey())), token, true);
        for (Curve other : Stream.of(Curve.P_256, Curve.P_384, Curve.P_521).toList()) {
            PublicKey wrong = new ECKeyGenerator(other).generate().toPublicKey();
            check(Forge.settings(null, Forge.pem(wrong)), token, false);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"EdDSA", "Ed25519"})
    void edwardsCurve(String algorithm) throws Exception {
        KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        KeyPair others = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        String header = "{\"alg\":\"" + algorithm + "\"}";
        AuthSettings settings = Forge.settings(null, Forge.pem(keys.getPublic()));

        String token = Forge.ed25519(keys, header, CLAIMS);

        check(settings, token, true);
        check(settings, Forge.ed25519(others, header, CLAIMS), false);
        check(settings, token.substring(0, token.length() - 4), false);
    }

    @Test
    void aPublicKeyIsNoSecret() throws Exception {
        String pem = Forge.pem(RSA.toPublicKey());
        AuthSettings settings = Forge.settings(null, pem);
        String header = "{\"alg\":\"HS256\"}";

        for (byte[] secret : Stream.of(pem, pem.strip(), pem.replace("\n", ""))
                .map(text -> text.getBytes(UTF_8))
                .toList()) {
            check(settings, Forge.hmac("HmacSHA256", header, CLAIMS, secret), false);
        }
        check(
                settings,
                Forge.hmac("HmacSHA256", header, CLAIMS, RSA.toPublicKey().getEncoded()),
                false);
        check(
                settings,
                Forge.hmac("HmacSHA256", header, CLAIMS, RSA.getModulus().decode()),
                false);
    }

    @Test
    void aKeyThatTheTokenBringsAlongIsNotTaken() throws Exception {
        RSAKey theirs = rsa();
        SignedJWT token = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.RS256)
                        .jwk(theirs.toPublicJWK())
                        .build(),
                Forge.claims(CLAIMS));
        token.sign(new RSASSASigner(theirs));

        check(Forge.settings(null, Forge.pem(RSA.toPublicKey())), token.serialize(), false);
    }

    @Test
    void secretAndPublicKeysSideBySide() throws Exception {
        KeyPair edwards = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        AuthSettings settings = Forge.settings(KEY, Forge.pem(RSA.toPublicKey()) + Forge.pem(edwards.getPublic()));

        check(settings, Forge.hs256("{\"alg\":\"HS256\"}", CLAIMS, KEY), true);
        check(settings, Forge.signed(RSA, JWSAlgorithm.PS256, Forge.claims(CLAIMS)), true);
        check(settings, Forge.ed25519(edwards, "{\"alg\":\"EdDSA\"}", CLAIMS), true);
    }

    private static void check(AuthSettings settings, String token, boolean good) {
        try (Authenticator authenticator = new Authenticator(settings, CLOCK)) {
            if (good) {
                assertThat(accepted(authenticator.bearer(token)).user()).isEqualTo("alice");
            } else {
                assertThat(refused(authenticator.bearer(token)).reason()).isEqualTo(AuthRefused.Reason.INVALID);
            }
        }
    }

    private static RSAKey rsa() {
        try {
            return new RSAKeyGenerator(2048).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }
}
