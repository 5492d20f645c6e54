package dev.fanfare.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jwt.SignedJWT;
import java.security.Key;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * Keys that are in the settings. Which algorithm a key may be used with is decided by the kind of the key, never by the token alone: a
 * public key is no HMAC secret.
 */
final class LocalKeys {

    private static final int LEAST_RSA_BITS = 2048;
    private static final Set<Curve> CURVES = Set.of(Curve.P_256, Curve.P_384, Curve.P_521);
    private static final DefaultJWSVerifierFactory VERIFIERS = new DefaultJWSVerifierFactory();

    private final List<Key> keys = new ArrayList<>();

    LocalKeys(AuthSettings settings) {
        if (settings.key() != null) {
            keys.add(new SecretKeySpec(settings.key().getBytes(UTF_8), "HMAC"));
        }
        if (settings.publicKey() != null) {
            keys.addAll(PemKeys.parse(settings.publicKey()));
        }
    }

    /** Whether one of them signed this token. */
    boolean signed(SignedJWT token) {
        return keys.stream().anyMatch(key -> signed(token, key));
    }

    /** Whether a key of this kind signed the token, with an algorithm for keys of its kind. */
    static boolean signed(SignedJWT token, Key key) {
        JWSHeader header = token.getHeader();
        if (!fits(header.getAlgorithm(), key)) {
            return false;
        }
        try {
            JWSVerifier verifier = key instanceof EdECPublicKey edwards
                    ? new Ed25519(edwards)
                    : VERIFIERS.createJWSVerifier(header, key);
            return token.verify(verifier);
        } catch (JOSEException e) {
            return false; // the key is too short for it, or on another curve
        }
    }

    /** Whether tokens may be verified with it at all. */
    static boolean isFit(Key key) {
        if (key instanceof RSAPublicKey rsa) {
            return rsa.getModulus().bitLength() >= LEAST_RSA_BITS;
        }
        if (key instanceof ECPublicKey curve) {
            Curve known = Curve.forECParameterSpec(curve.getParams());
            return known != null && CURVES.contains(known);
        }
        return key instanceof EdECPublicKey edwards
                && edwards.getParams().getName().equals("Ed25519");
    }

    private static boolean fits(JWSAlgorithm algorithm, Key key) {
        if (key instanceof SecretKey) {
            return JWSAlgorithm.Family.HMAC_SHA.contains(algorithm);
        }
        if (key instanceof RSAPublicKey) {
            return JWSAlgorithm.Family.RSA.contains(algorithm);
        }
        if (key instanceof ECPublicKey) {
            return JWSAlgorithm.Family.EC.contains(algorithm);
        }
        return key instanceof EdECPublicKey && Ed25519.ALGORITHMS.contains(algorithm);
    }
}
