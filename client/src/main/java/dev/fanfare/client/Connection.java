package dev.fanfare.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * One connection of an event source: a request with its redirects, the stream it brings, and the watch for silence. It runs on the
 * source's own sequence of tasks, {@link #cancel} apart, and tells the source how it fares for as long as the source holds it.
 *
 * <p>One chunk is asked for at a time, after the one before has been handed to the listener: a slow listener stops the reading, and
 * the time it takes is not silence.
 */
final class Connection {

    private static final int MOST_REDIRECTS = 20;

    private final EventSource source;
    private final Endpoint endpoint;
    private final Duration idleTimeout;
    private final String lastEventId;
    private volatile @Nullable CompletableFuture<HttpResponse<String>> exchange;
    private volatile @Nullable Future<?> watch;
    private volatile boolean cancelled;

    // touched by tasks of the source's serial only
    private int redirects;
    private boolean open;
    private long openedAt;
    private long waitingSince; // for the head, or for the next chunk

    Connection(EventSource source, Endpoint endpoint, Duration idleTimeout, String lastEventId) {
        this.source = source;
        this.endpoint = endpoint;
        this.idleTimeout = idleTimeout;
        this.lastEventId = lastEventId;
    }

    void start() {
        if (!idleTimeout.isZero()) {
            watchFor(idleTimeout);
        }
        request(endpoint.uri());
    }

    /** Gives the connection up; its socket is closed. Any thread. */
    void cancel() {
        cancelled = true;
        Future<?> currentWatch = watch;
        if (currentWatch != null) {
            currentWatch.cancel(false);
        }
        CompletableFuture<HttpResponse<String>> current = exchange;
        if (current != null) {
            current.cancel(true);
        }
    }

    private void request(URI uri) {
        waitingSince = System.nanoTime();
        CompletableFuture<HttpResponse<String>> sent;
        try {
            sent = endpoint.http().sendAsync(build(uri), this::body);
        } catch (RuntimeException e) { // from the user's supplier of headers, or for a header of it
            over(e, Duration.ZERO);
            return;
        }
        exchange = sent;
        if (cancelled) {
            sent.cancel(true);
        }
        CompletableFuture<?> unused =
                sent.whenComplete((response, failure) -> source.serial().execute(() -> finished(response, failure)));
    }

    private HttpRequest build(URI uri) {
        boolean fits = lastEventId.chars().allMatch(c -> c >= ' ' && c < 0x7f)
                && lastEventId.strip().length() == lastEventId.length();
        // java.net.http sends ASCII in headers only; another id goes where servers look for it besides (H10)
        URI asked = fits ? uri : Endpoint.withParameter(uri, "lastEventId", lastEventId);
        HttpRequest.Builder request = endpoint.request(asked)
                .setHeader("Accept", "text/event-stream")
                .setHeader("Cache-Control", "no-cache")
                .setHeader("Pragma", "no-cache");
        if (fits && !lastEventId.isEmpty()) {
            request.setHeader("Last-Event-ID", lastEventId);
        }
        return request.build();
    }

    /** Called by the HTTP client when the head is there. */
    private BodySubscriber<String> body(HttpResponse.ResponseInfo head) {
        return Answer.isEventStream(head) ? new Stream(!Answer.isRefusedStream(head.headers())) : new BoundedText();
    }

    private void finished(@Nullable HttpResponse<String> response, @Nullable Throwable failure) {
        if (!source.holds(this)) {
            return;
        }
        if (response == null) {
            boolean wrapped = failure instanceof CompletionException;
            over(wrapped && failure != null ? failure.getCause() : failure, Duration.ZERO);
            return;
        }
        int status = response.statusCode();
        URI elsewhere = Answer.redirect(response);
        if (open) {
            over(null, Duration.ZERO);
        } else if (elsewhere != null) {
            follow(elsewhere);
        } else if (status == 204) {
            source.end(new Ending.NoContent());
        } else if (Answer.isForNow(status) || Answer.isRefusedStream(response.headers())) {
            Problem problem = Answer.problem(response);
            over(new RefusedException(problem), problem.retryAfter());
        } else {
            source.end(new Ending.Refused(Answer.problem(response)));
        }
    }

    private void follow(URI elsewhere) {
        redirects++;
        if (redirects > MOST_REDIRECTS) {
            over(new IOException("more than " + MOST_REDIRECTS + " redirects, now to " + elsewhere), Duration.ZERO);
        } else {
            request(elsewhere);
        }
    }

    private void over(@Nullable Throwable cause, Duration atLeast) {
        if (source.holds(this)) {
            cancel();
            Duration openFor = open ? Duration.ofNanos(System.nanoTime() - openedAt) : Duration.ZERO;
            source.lost(cause, atLeast, openFor);
        }
    }

    private void watchFor(Duration time) {
        watch = Shared.after(time, () -> source.serial().execute(this::checkSilence));
    }

    private void checkSilence() {
        Duration silence = Duration.ofNanos(System.nanoTime() - waitingSince);
        if (silence.compareTo(idleTimeout) >= 0) {
            over(new HttpTimeoutException("nothing arrived for " + silence.toMillis() + " ms"), Duration.ZERO);
        } else if (source.holds(this)) {
            watchFor(idleTimeout.minus(silence));
        }
    }

    /** The body of an event stream: hands its chunks on one at a time, and completes when it is over. */
    private final class Stream implements BodySubscriber<String> {

        private final boolean success;
        private final CompletableFuture<String> end = new CompletableFuture<>();
        private Flow.@Nullable Subscription subscription; // set before anything else happens here

        Stream(boolean success) {
            this.success = success;
        }

        @Override
        public CompletionStage<String> getBody() {
            return end;
        }

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            subscription = newSubscription;
            source.serial().execute(() -> {
                if (success && source.holds(Connection.this)) {
                    open = true;
                    openedAt = System.nanoTime();
                    source.opened();
                }
                askForMore();
            });
        }

        @Override
        public void onNext(List<ByteBuffer> chunk) {
            source.serial().execute(() -> {
                if (source.holds(Connection.this)) {
                    source.received(chunk);
                }
                askForMore();
            });
        }

        @Override
        public void onError(Throwable failure) {
            end.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            end.complete("");
        }

        private void askForMore() {
            waitingSince = System.nanoTime();
            if (subscription != null && source.holds(Connection.this)) {
                subscription.request(1);
            }
        }
    }
}
