package dev.fanfare.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.SignedJWT;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.text.ParseException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Verifies tokens: their form, their claims, and that a key of ours or of the issuer signed them. */
final class TokenVerifier {

    private static final Set<JOSEObjectType> TYPES = Set.of(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"));

    private final LocalKeys keys;
    private final @Nullable KeyServer server;
    private final Claims claims;
    private final Executor executor;

    /** One that goes on in {@code executor} after it had to wait for keys. */
    TokenVerifier(LocalKeys keys, @Nullable KeyServer server, Claims claims, Executor executor) {
        this.keys = keys;
        this.server = server;
        this.claims = claims;
        this.executor = executor;
    }

    /**
     * The one the token is about; fails with {@link AuthRefused}, also from within a {@code CompletionException}.
     *
     * @param name stands for the token where it names no user
     */
    CompletionStage<Caller> verify(String text, String name) {
        SignedJWT token = parse(text);
        Caller caller = claims.caller(payload(token), name);
        if (keys.signed(token)) {
            return CompletableFuture.completedFuture(caller);
        }
        JWSAlgorithm algorithm = token.getHeader().getAlgorithm();
        if (server == null || JWSAlgorithm.Family.HMAC_SHA.contains(algorithm)) {
            throw notSigned();
        }
        return signedByIssuer(token, server).thenApply(signed -> caller);
    }

    private CompletionStage<Boolean> signedByIssuer(SignedJWT token, KeyServer issuer) {
        JWSHeader header = token.getHeader();
        JWKSet current = issuer.current();
        List<JWK> known = current == null ? List.of() : matching(header, current);
        if (signed(token, known)) {
            return CompletableFuture.completedFuture(true);
        }
        if (!known.isEmpty() && header.getKeyID() != null) {
            throw notSigned();
        }
        String key = header.getAlgorithm() + " " + header.getKeyID();
        return issuer.newer(key)
                .thenApplyAsync(
                        newer -> {
                            if (signed(token, matching(header, newer))) {
                                return true;
                            }
                            throw issuer.lacks(key);
                        },
                        executor);
    }

    private static List<JWK> matching(JWSHeader header, JWKSet keys) {
        return new JWKSelector(JWKMatcher.forJWSHeader(header)).select(keys);
    }

    private static boolean signed(SignedJWT token, List<JWK> candidates) {
        for (JWK candidate : candidates) {
            Key key = publicKey(candidate);
            if (key != null && LocalKeys.isFit(key) && LocalKeys.signed(token, key)) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable Key publicKey(JWK key) {
        try {
            if (key instanceof RSAKey rsa) {
                return rsa.toRSAPublicKey();
            }
            if (key instanceof ECKey curve) {
                return curve.toECPublicKey();
            }
            return key instanceof OctetKeyPair edwards ? Ed25519.key(edwards) : null;
        } catch (JOSEException | GeneralSecurityException e) {
            return null; // not a key that can be used, whatever the issuer says
        }
    }

    private static SignedJWT parse(String text) {
        SignedJWT token;
        try {
            token = SignedJWT.parse(text);
        } catch (ParseException | IllegalArgumentException e) {
            throw malformed();
        }
        for (Base64URL part : token.getParsedParts()) {
            if (!Base64URL.encode(part.decode()).equals(part)) {
                throw malformed();
            }
        }
        if (!StrictJson.isObject(token.getParsedParts()[0].decodeToString())) {
            throw malformed();
        }
        JWSHeader header = token.getHeader();
        if (header.getCriticalParams() != null || !header.isBase64URLEncodePayload()) {
            throw AuthRefused.invalid("the token's header has crit or b64, and no extension is known here");
        }
        if (header.getType() != null && !TYPES.contains(header.getType())) {
            throw AuthRefused.invalid("the token's typ is that of another kind of token (expected: JWT or at+jwt)");
        }
        if (JWKMatcher.forJWSHeader(header) == null || header.getAlgorithm().equals(JWSAlgorithm.ES256K)) {
            throw AuthRefused.invalid(
                    "the token's alg is not taken (expected: HS, RS, PS or ES 256, 384 or 512, or EdDSA)");
        }
        return token;
    }

    private static Map<String, Object> payload(SignedJWT token) {
        String text = token.getPayload().toString();
        try {
            if (StrictJson.isObject(text)) {
                return JSONObjectUtils.parse(text);
            }
        } catch (ParseException e) {
            // as one that is no object
        }
        throw AuthRefused.invalid("the token's payload is not a JSON object without repeated names");
    }

    private static AuthRefused malformed() {
        return AuthRefused.invalid("not a signed token (expected: a JWT, three base64url parts with dots between)");
    }

    private static AuthRefused notSigned() {
        return AuthRefused.invalid(
                "the token's signature is not by a key of this node, with an algorithm for such a key");
    }
}
