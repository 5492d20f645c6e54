package dev.fanfare.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.fanfare.hub.Selector;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whose credentials a node accepts.
 *
 * @param key a secret that HMAC-signed tokens are made and verified with, as text; at least 32 bytes
 * @param publicKey PEM of the public key (RSA, EC, Ed25519) that tokens are verified with
 * @param jwks where an issuer publishes its keys; needs an issuer and an audience
 * @param issuer what a token's {@code iss} has to be
 * @param audience what a token's {@code aud} has to hold
 * @param claim where in a token the rights are: the name of a claim, or a path with dots
 * @param leeway how far clocks may differ
 * @param apiKeys keys that backends present
 * @param anonymousSubscribe what may be read without a credential
 */
public record AuthSettings(
        @Nullable String key,
        @Nullable String publicKey,
        @Nullable URI jwks,
        @Nullable String issuer,
        @Nullable String audience,
        String claim,
        Duration leeway,
        List<ApiKey> apiKeys,
        List<Selector> anonymousSubscribe) {

    private static final int LEAST_KEY_BYTES = 32;

    /** Everyone may do everything. */
    public static final AuthSettings OPEN =
            new AuthSettings(null, null, null, null, null, "fanfare", Duration.ofSeconds(30), List.of(), List.of());

    /**
     * Takes copies.
     *
     * @throws IllegalArgumentException that names the setting, what is wrong with it or missing beside it, and nothing of a secret
     */
    public AuthSettings {
        apiKeys = List.copyOf(apiKeys);
        anonymousSubscribe = List.copyOf(anonymousSubscribe);
        if (key != null && key.getBytes(UTF_8).length < LEAST_KEY_BYTES) {
            throw new IllegalArgumentException("auth.key: too short a secret (expected: at least " + LEAST_KEY_BYTES
                    + " bytes; openssl rand -base64 32 makes one)");
        }
        if (publicKey != null) {
            PemKeys.parse(publicKey);
        }
        if (jwks != null && (issuer == null || audience == null)) {
            throw new IllegalArgumentException("auth.jwks: not alone (expected: also auth.issuer and auth.audience,"
                    + " else tokens made for others would be taken)");
        }
        if (key == null && publicKey == null && jwks == null && (issuer != null || audience != null)) {
            throw new IllegalArgumentException("auth." + (issuer == null ? "audience" : "issuer")
                    + ": not alone (expected: also auth.key, auth.public-key or auth.jwks, to verify tokens with)");
        }
        if (isOpen(key, publicKey, jwks, apiKeys) && !anonymousSubscribe.isEmpty()) {
            throw new IllegalArgumentException("auth.anonymous.subscribe: not alone (expected: also auth.key,"
                    + " auth.public-key, auth.jwks or auth.api-keys; without, everyone may read everything)");
        }
    }

    /** Whether no credential is asked for. */
    public boolean isOpen() {
        return isOpen(key, publicKey, jwks, apiKeys);
    }

    private static boolean isOpen(
            @Nullable String key, @Nullable String publicKey, @Nullable URI jwks, List<ApiKey> apiKeys) {
        return key == null && publicKey == null && jwks == null && apiKeys.isEmpty();
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "AuthSettings[" + (isOpen() ? "open" : "issuer=" + issuer + ", audience=" + audience) + "]";
    }
}
