package dev.fanfare.server;

import dev.fanfare.auth.ApiKey;
import dev.fanfare.auth.AuthSettings;
import dev.fanfare.auth.Rights;
import dev.fanfare.auth.TokenMaker;
import dev.fanfare.hub.Selector;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The keys of a node that asks who calls, and what callers present to it. */
final class Credentials {

    static final String API_KEY = "backend-key-that-nobody-guesses";
    private static final String SECRET = "a secret of the tests, long enough for HS256";

    static final AuthSettings SETTINGS = new AuthSettings(
            SECRET,
            null,
            null,
            null,
            null,
            "fanfare",
            Duration.ZERO,
            List.of(new ApiKey(
                    "backend",
                    sha256(API_KEY),
                    new Rights(List.of(Selector.of("orders/**")), List.of(Selector.of("orders/**")), false))),
            List.of(Selector.of("public/**")));

    static final String ADMIN = bearer(token(null, List.of("**"), List.of("**", "@all"), true, Duration.ofMinutes(5)));

    private Credentials() {}

    static String token(
            @Nullable String user, List<String> subscribe, List<String> publish, boolean admin, Duration ttl) {
        return new TokenMaker(SETTINGS, InstantSource.system()).make(user, subscribe, publish, admin, ttl);
    }

    /** A token for reading orders, which alice has for five minutes. */
    static String reader() {
        return token("alice", List.of("orders/*"), List.of(), false, Duration.ofMinutes(5));
    }

    /** A token for publishing orders. */
    static String publisher() {
        return token("bob", List.of(), List.of("orders/*"), false, Duration.ofMinutes(5));
    }

    static String bearer(String credential) {
        return "Authorization: Bearer " + credential;
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
