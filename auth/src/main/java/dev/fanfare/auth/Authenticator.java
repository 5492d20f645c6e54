package dev.fanfare.auth;

import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Finds out who a caller is. Thread-safe; no method blocks, so event loops call it. What it returns completes at once, or on a thread
 * of its own; when it fails it fails with {@link AuthRefused}. With no key in the settings everyone is {@link Caller#OPEN}.
 */
public final class Authenticator implements AutoCloseable {

    private final InstantSource clock;
    private volatile AuthSettings settings;

    /** One that goes by these settings. */
    public Authenticator(AuthSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /** Whether no credential is asked for. */
    public boolean isOpen() {
        return settings.isOpen();
    }

    /** The one who presents {@code Authorization: Bearer}: a token, or an API key. */
    public CompletionStage<Caller> bearer(String value) {
        return isOpen() ? open() : CompletableFuture.failedFuture(AuthRefused.invalid("not a token"));
    }

    /** The one whose cookie holds this token. */
    public CompletionStage<Caller> cookie(String token) {
        return bearer(token);
    }

    /** The one who presents nothing; he may read what the settings leave open. */
    public Caller anonymous() {
        return isOpen()
                ? Caller.OPEN
                : new Caller(
                        Caller.Kind.ANONYMOUS,
                        null,
                        new Rights(settings.anonymousSubscribe(), java.util.List.of(), false),
                        Long.MAX_VALUE,
                        0,
                        "anonymous");
    }

    /** Goes by these settings from now on. Whoever is known keeps his rights; a token is looked at anew when it comes again. */
    public void use(AuthSettings changed) {
        settings = changed;
    }

    @Override
    public void close() {}

    private static CompletionStage<Caller> open() {
        return CompletableFuture.completedFuture(Caller.OPEN);
    }
}
