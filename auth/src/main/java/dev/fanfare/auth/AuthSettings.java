package dev.fanfare.auth;

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

    /** Everyone may do everything. */
    public static final AuthSettings OPEN =
            new AuthSettings(null, null, null, null, null, "fanfare", Duration.ofSeconds(30), List.of(), List.of());

    /** Takes copies. */
    public AuthSettings {
        apiKeys = List.copyOf(apiKeys);
        anonymousSubscribe = List.copyOf(anonymousSubscribe);
    }

    /** Whether no credential is asked for. */
    public boolean isOpen() {
        return key == null && publicKey == null && jwks == null && apiKeys.isEmpty();
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "AuthSettings[" + (isOpen() ? "open" : "issuer=" + issuer + ", audience=" + audience) + "]";
    }
}
