package dev.fanfare.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.factories.DefaultJWSSignerFactory;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.Signature;
import java.text.ParseException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Tokens of all kinds, good and bad, and what an authenticator makes of them. */
final class Forge {

    static final String KEY = "a secret of thirty-two bytes, no less";

    private Forge() {}

    static AuthSettings settings(@Nullable String key, @Nullable String publicKey) {
        return new AuthSettings(
                key, publicKey, null, null, null, "fanfare", Duration.ofSeconds(30), List.of(), List.of());
    }

    /** Header and payload as they are, signed with HMAC-SHA256. */
    static String hs256(String header, String payload, String key) {
        return hmac("HmacSHA256", header, payload, key.getBytes(UTF_8));
    }

    static String hmac(String algorithm, String header, String payload, byte[] key) {
        try {
            String signed = Base64URL.encode(header) + "." + Base64URL.encode(payload);
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(key, algorithm));
            return signed + "." + Base64URL.encode(mac.doFinal(signed.getBytes(UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static String signed(JWK key, JWSAlgorithm algorithm, JWTClaimsSet claims) {
        try {
            JWSSigner signer = new DefaultJWSSignerFactory().createJWSSigner(key, algorithm);
            SignedJWT token = new SignedJWT(
                    new JWSHeader.Builder(algorithm).keyID(key.getKeyID()).build(), claims);
            token.sign(signer);
            return token.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    static String ed25519(KeyPair keys, String header, String payload) {
        try {
            String signed = Base64URL.encode(header) + "." + Base64URL.encode(payload);
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(keys.getPrivate());
            signature.update(signed.getBytes(UTF_8));
            return signed + "." + Base64URL.encode(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static String pem(PublicKey key) {
        return "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
    }

    static JWTClaimsSet claims(String json) {
        try {
            return JWTClaimsSet.parse(json);
        } catch (ParseException e) {
            throw new IllegalStateException(e);
        }
    }

    static Caller accepted(CompletionStage<Caller> outcome) {
        try {
            return outcome.toCompletableFuture().get(20, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("not accepted: " + e, e);
        }
    }

    static AuthRefused refused(CompletionStage<Caller> outcome) {
        try {
            throw new AssertionError(
                    "accepted: " + outcome.toCompletableFuture().get(20, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthRefused refused) {
                return refused;
            }
            throw new AssertionError("failed with another thing than a refusal", e);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("no answer", e);
        }
    }
}
