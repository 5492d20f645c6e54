package dev.fanfare.auth;

import com.nimbusds.jose.jwk.JWKSet;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.text.ParseException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The keys that an issuer publishes. They are fetched when the node starts, when they are no longer fresh, and when a token names a key
 * that is not among them; one fetch at a time, and no more than the pace allows. When the issuer can't be reached, or answers anything
 * but keys, those it gave last are kept. No method blocks; thread-safe.
 */
final class KeyServer implements AutoCloseable {

    private static final Logger LOG = System.getLogger(KeyServer.class.getName());
    private static final int MOST_BYTES = 512 << 10;
    private static final int MOST_WAITING = 1_000;
    private static final int MOST_ABSENT = 1_000;

    /**
     * How often, and how long.
     *
     * @param fresh the age from which keys are fetched again in the background
     * @param again the least time from a fetch to the next one
     * @param afterFailure the same, when it failed
     * @param kept the age up to which keys are used when no newer ones can be had
     * @param deadline the longest that one fetch may take
     */
    record Pace(Duration fresh, Duration again, Duration afterFailure, Duration kept, Duration deadline) {
        static final Pace NORMAL = new Pace(
                Duration.ofMinutes(5),
                Duration.ofSeconds(30),
                Duration.ofSeconds(5),
                Duration.ofHours(24),
                Duration.ofSeconds(5));
    }

    private record Fetched(JWKSet keys, long at) {}

    private final URI uri;
    private final InstantSource clock;
    private final Pace pace;
    private final Runnable changed;
    private final HttpClient client;

    private volatile @Nullable Fetched fetched;
    private volatile long next;

    // under this object's lock
    private @Nullable CompletableFuture<JWKSet> fetching;
    private final Set<String> absent = new HashSet<>();
    private int waiting;
    private boolean failing;

    /** One that begins to fetch at once, and runs {@code changed} whenever the keys are others than before. */
    KeyServer(URI uri, InstantSource clock, Pace pace, Runnable changed) {
        this.uri = uri;
        this.clock = clock;
        this.pace = pace;
        this.changed = changed;
        this.client = HttpClient.newBuilder()
                .connectTimeout(pace.deadline)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
        fetch();
    }

    URI uri() {
        return uri;
    }

    /** The keys, if any can be used; fetches newer ones in the background when it is time. */
    @Nullable
    JWKSet current() {
        Fetched now = fetched;
        if (now == null) {
            return null;
        }
        long age = clock.millis() - now.at;
        if (age > pace.fresh.toMillis() && clock.millis() >= next) {
            fetch();
        }
        if (age > pace.kept.toMillis()) {
            changed.run();
            return null;
        }
        return now.keys;
    }

    /**
     * The keys after a fetch, for a token whose key is not among the current ones; fails with {@link AuthRefused}.
     *
     * @param key what the token says of its key
     */
    synchronized CompletableFuture<JWKSet> newer(String key) {
        boolean early = clock.millis() < next;
        if (fetching == null && early && absent.contains(key)) {
            return CompletableFuture.failedFuture(unknownKey());
        }
        if (waiting >= MOST_WAITING) {
            return CompletableFuture.failedFuture(unavailable("too many tokens wait for the issuer's keys"));
        }
        if (fetching == null && early) {
            return CompletableFuture.failedFuture(unavailable("the issuer's keys were asked for a moment ago"));
        }
        waiting++;
        return fetch().whenComplete((keys, failure) -> answered());
    }

    /** Notes that the issuer has no such key, as far as the last fetch goes. */
    synchronized AuthRefused lacks(String key) {
        if (absent.size() < MOST_ABSENT) {
            absent.add(key);
        }
        return unknownKey();
    }

    /** Fetches no more. */
    @Override
    public synchronized void close() {
        next = Long.MAX_VALUE;
    }

    private static AuthRefused unknownKey() {
        return AuthRefused.invalid("the token is signed with a key that the issuer does not publish");
    }

    private AuthRefused unavailable(String what) {
        long wait = Math.max(0, next - clock.millis());
        return AuthRefused.unavailable(what + "; try again", (int) Math.max(1, (wait + 999) / 1_000));
    }

    private synchronized void answered() {
        waiting--;
    }

    private synchronized CompletableFuture<JWKSet> fetch() {
        if (fetching != null) {
            return fetching;
        }
        CompletableFuture<JWKSet> result = new CompletableFuture<>();
        fetching = result;
        next = clock.millis() + pace.afterFailure.toMillis();
        CompletableFuture<HttpResponse<String>> exchange = client.sendAsync(
                HttpRequest.newBuilder(uri).header("Accept", "application/json").build(),
                answer -> new BoundedBody(MOST_BYTES));
        exchange.copy()
                .orTimeout(pace.deadline.toMillis(), TimeUnit.MILLISECONDS)
                .thenApply(KeyServer::keys)
                .whenComplete((keys, failure) -> {
                    exchange.cancel(true);
                    if (failure == null) {
                        arrived(keys, result);
                    } else {
                        failed(failure.getCause() == null ? failure : failure.getCause(), result);
                    }
                });
        return result;
    }

    private static JWKSet keys(HttpResponse<String> answer) {
        try {
            if (answer.statusCode() != 200) {
                throw new IOException("status " + answer.statusCode());
            }
            JWKSet keys = JWKSet.parse(answer.body());
            if (keys.isEmpty()) {
                throw new IOException("no key in it");
            }
            return keys;
        } catch (ParseException e) {
            throw new CompletionException(new IOException("not a JWK set"));
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    private void arrived(JWKSet keys, CompletableFuture<JWKSet> result) {
        boolean differ;
        synchronized (this) {
            Fetched before = fetched;
            differ = before == null || !before.keys.equals(keys);
            fetched = new Fetched(keys, clock.millis());
            next = clock.millis() + pace.again.toMillis();
            absent.clear();
            fetching = null;
            if (failing) {
                LOG.log(Level.INFO, "the issuer''s keys can be had again from {0}", place());
            }
            failing = false;
        }
        if (differ) {
            changed.run();
        }
        result.complete(keys);
    }

    private void failed(Throwable failure, CompletableFuture<JWKSet> result) {
        synchronized (this) {
            next = clock.millis() + pace.afterFailure.toMillis();
            fetching = null;
            if (!failing) {
                LOG.log(
                        Level.WARNING,
                        "the issuer''s keys cannot be had from {0} ({1}); {2}",
                        place(),
                        failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage(),
                        fetched == null ? "its tokens wait" : "the ones it gave last are kept");
            }
            failing = true;
        }
        result.completeExceptionally(unavailable("the issuer's keys cannot be had now"));
    }

    /** The URL without what may be secret in it. */
    private String place() {
        return uri.getScheme() + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort()) + uri.getPath();
    }
}
