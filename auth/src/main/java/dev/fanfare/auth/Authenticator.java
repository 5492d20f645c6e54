package dev.fanfare.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who a caller is. Thread-safe; no method blocks, so event loops call it. What it returns is complete at once when the token
 * is known, else completes on a thread of its own; when it fails, it fails with {@link AuthRefused}. Without a key in the settings
 * everyone is {@link Caller#OPEN}.
 *
 * <p>Bounds: a credential has at most 8 KiB, and is not looked at otherwise; 10,000 verified tokens of 8 Mi characters together are
 * remembered; 2,048 wait for two threads, beyond which callers are {@link AuthRefused.Reason#UNAVAILABLE}.
 */
public final class Authenticator implements AutoCloseable {

    /** The longest credential that is looked at, in characters. */
    public static final int MOST_CHARS = 8 << 10;

    private static final Logger LOG = System.getLogger(Authenticator.class.getName());
    private static final int THREADS = 2;
    private static final int MOST_QUEUED = 2_048;
    private static final int MOST_TOKENS = 10_000;
    private static final long MOST_TOKEN_CHARS = 8 << 20;

    /** What holds until the settings change: they themselves, and what was made of them. */
    private record Trust(
            AuthSettings settings,
            TokenVerifier verifier,
            @Nullable KeyServer server,
            TokenCache tokens) {}

    private final InstantSource clock;
    private final KeyServer.Pace pace;
    private final ThreadPoolExecutor executor;
    private volatile Trust trust;

    /**
     * One that goes by these settings.
     *
     * @throws IllegalArgumentException if a key in them cannot be used
     */
    public Authenticator(AuthSettings settings, InstantSource clock) {
        this(settings, clock, KeyServer.Pace.NORMAL, MOST_QUEUED);
    }

    Authenticator(AuthSettings settings, InstantSource clock, KeyServer.Pace pace, int mostQueued) {
        this.clock = clock;
        this.pace = pace;
        this.executor = executor(mostQueued);
        this.trust = trust(settings, null);
    }

    /** Whether no credential is asked for. */
    public boolean isOpen() {
        return trust.settings.isOpen();
    }

    /** The one who presents {@code Authorization: Bearer} with this: a token, or an API key. */
    public CompletionStage<Caller> bearer(String value) {
        Trust now = trust;
        if (now.settings.isOpen()) {
            return CompletableFuture.completedFuture(Caller.OPEN);
        }
        if (value.length() > MOST_CHARS) {
            return CompletableFuture.failedFuture(tooLong());
        }
        byte[] hash = sha256(value);
        ApiKey found = null;
        for (ApiKey key : now.settings.apiKeys()) {
            found = key.hasHash(hash) ? key : found;
        }
        return found == null ? token(value, hash, now) : CompletableFuture.completedFuture(holder(found));
    }

    /** The one whose cookie holds this token. */
    public CompletionStage<Caller> cookie(String token) {
        Trust now = trust;
        if (now.settings.isOpen()) {
            return CompletableFuture.completedFuture(Caller.OPEN);
        }
        return token.length() > MOST_CHARS
                ? CompletableFuture.failedFuture(tooLong())
                : token(token, sha256(token), now);
    }

    /** The one who presents nothing; he may read what the settings leave open. */
    public Caller anonymous() {
        AuthSettings settings = trust.settings;
        return settings.isOpen()
                ? Caller.OPEN
                : new Caller(
                        Caller.Kind.ANONYMOUS,
                        null,
                        new Rights(settings.anonymousSubscribe(), List.of(), false),
                        Long.MAX_VALUE,
                        0,
                        "anonymous");
    }

    /**
     * Goes by these settings from now on. Whoever is known keeps his rights; a token is looked at anew when it comes again. Keys of the
     * same issuer are kept.
     *
     * @throws IllegalArgumentException if a key in them cannot be used, or they would open a node that was not, or the other way
     *     round; then nothing has changed
     */
    public synchronized void use(AuthSettings changed) {
        Trust before = trust;
        if (changed.isOpen() != before.settings.isOpen()) {
            throw new IllegalArgumentException(
                    "auth: credentials cannot be switched on or off while the node runs (expected: a restart)");
        }
        Trust after = trust(changed, before.server);
        trust = after;
        if (before.server != null && before.server != after.server) {
            before.server.close();
        }
    }

    /** Ends its threads, when they have answered what has come. */
    @Override
    public synchronized void close() {
        executor.shutdown();
        if (trust.server != null) {
            trust.server.close();
        }
    }

    private Trust trust(AuthSettings settings, @Nullable KeyServer before) {
        LocalKeys keys = new LocalKeys(settings);
        KeyServer server = null;
        if (settings.jwks() != null) {
            boolean same = before != null && before.uri().equals(settings.jwks());
            server = same ? before : new KeyServer(settings.jwks(), clock, pace, this::forgetTokens);
        }
        return new Trust(
                settings,
                new TokenVerifier(keys, server, new Claims(settings, clock), executor),
                server,
                new TokenCache(MOST_TOKENS, MOST_TOKEN_CHARS));
    }

    @SuppressWarnings("NullAway") // the issuer's keys may arrive before there is a cache
    private void forgetTokens() {
        Trust now = trust;
        if (now != null) {
            now.tokens.clear();
        }
    }

    private CompletionStage<Caller> token(String text, byte[] hash, Trust now) {
        if (now.server != null) {
            now.server.current(); // and so, in time, without keys that were withdrawn
        }
        String key = HexFormat.of().formatHex(hash);
        CompletableFuture<Caller> outcome = new CompletableFuture<>();
        CompletableFuture<Caller> known = now.tokens.putIfAbsent(key, text.length(), outcome, clock.millis());
        if (known != null) {
            return known;
        }
        try {
            executor.execute(() -> verify(text, key, now, outcome));
        } catch (RejectedExecutionException e) {
            refuse(key, now, outcome, e);
        }
        return outcome;
    }

    private static void verify(String text, String key, Trust now, CompletableFuture<Caller> outcome) {
        try {
            now.verifier.verify(text, "token:" + key.substring(0, 16)).whenComplete((caller, failure) -> {
                if (failure == null) {
                    outcome.complete(caller);
                } else {
                    refuse(key, now, outcome, failure);
                }
            });
        } catch (RuntimeException e) {
            refuse(key, now, outcome, e);
        }
    }

    private static void refuse(String key, Trust now, CompletableFuture<Caller> outcome, Throwable failure) {
        now.tokens.remove(key, outcome);
        outcome.completeExceptionally(refusal(failure));
    }

    private static AuthRefused refusal(Throwable failure) {
        if (failure instanceof CompletionException && failure.getCause() != null) {
            return refusal(failure.getCause());
        }
        if (failure instanceof AuthRefused refused) {
            return refused;
        }
        if (!(failure instanceof RejectedExecutionException)) {
            LOG.log(
                    Level.ERROR,
                    "a token could not be verified: {0}",
                    failure.getClass().getName());
        }
        return AuthRefused.unavailable("too many tokens are being verified; try again", 1);
    }

    private static AuthRefused tooLong() {
        return AuthRefused.invalid(
                "the credential is longer than " + MOST_CHARS + " characters; put less into the token");
    }

    private static Caller holder(ApiKey key) {
        return new Caller(Caller.Kind.API_KEY, null, key.rights(), Long.MAX_VALUE, 0, "key:" + key.name());
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    private static ThreadPoolExecutor executor(int mostQueued) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                THREADS, THREADS, 60, TimeUnit.SECONDS, new ArrayBlockingQueue<>(mostQueued), task -> {
                    Thread thread = new Thread(task, "fanfare-auth-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }
}
