package dev.fanfare.client;

import static java.util.Objects.requireNonNull;

import dev.fanfare.stream.Event;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One event on its way to the node: its requests, one after another under the same key, until its fate is known. */
final class Publication {

    private final PublisherBuilder.Settings settings;
    private final String topic;
    private final URI uri;
    private final byte[] body;
    private final String key = UUID.randomUUID().toString();
    private final long deadline;
    private final Backoff backoff;
    private final CompletableFuture<String> result = new CompletableFuture<>();
    private final AtomicBoolean settled = new AtomicBoolean();
    private volatile @Nullable CompletableFuture<HttpResponse<String>> exchange;

    // handed from one attempt to the next
    private Consumer<Publication> whenSettled = publication -> {};
    private int attempts;
    private Throwable last = new IOException("it did not get its turn");

    Publication(PublisherBuilder.Settings settings, String topic, Event event) {
        this.settings = settings;
        this.topic = requireNonNull(topic, "topic");
        uri = Endpoint.below(settings.endpoint().uri(), "/topics/" + Percent.encodePath(topic) + query(event));
        body = event.data().getBytes(StandardCharsets.UTF_8);
        deadline = System.nanoTime() + settings.deadline().toNanos();
        backoff = new Backoff(settings.retryTime(), settings.maxBackoff(), Backoff::random);
    }

    private static String query(Event event) {
        StringBuilder query = new StringBuilder();
        if (!event.type().equals(Event.MESSAGE)) {
            query.append("&event=").append(Percent.encode(event.type()));
        }
        if (event.id() != null) {
            query.append("&id=").append(Percent.encode(event.id()));
        }
        if (event.retry() != Event.NO_RETRY) {
            query.append("&retry=").append(event.retry());
        }
        return query.isEmpty() ? "" : "?" + query.substring(1);
    }

    String topic() {
        return topic;
    }

    int bytes() {
        return body.length;
    }

    CompletionStage<String> result() {
        return result; // itself, so that a failure is not wrapped; nothing here reads what a caller does to it
    }

    /** Starts the first attempt. What is given is called once the fate is known, before the result completes. */
    void begin(Consumer<Publication> newWhenSettled) {
        whenSettled = newWhenSettled;
        Shared.callbacks().execute(this::attempt);
    }

    /** Fails it now. Any thread, begun or not. */
    void abandon(Throwable cause) {
        fail(cause);
        CompletableFuture<HttpResponse<String>> current = exchange;
        if (current != null) {
            current.cancel(true);
        }
    }

    private void attempt() {
        Duration left = Duration.ofNanos(deadline - System.nanoTime());
        if (left.isNegative() || settled.get()) {
            fail(late());
            return;
        }
        attempts++;
        CompletableFuture<HttpResponse<String>> sent;
        try {
            sent = settings.endpoint().http().sendAsync(request(), head -> new BoundedText());
        } catch (RuntimeException e) { // from the user's supplier of headers, or for a header of it
            again(e, Duration.ZERO);
            return;
        }
        exchange = sent;
        // not HttpRequest.timeout, which lasts to the end of the head on some JDKs and of the body on others
        Future<?> timer = Shared.after(Durations.shorter(settings.requestTimeout(), left), () -> sent.cancel(true));
        CompletableFuture<?> unused = sent.whenComplete((response, failure) -> {
            timer.cancel(false);
            answered(response, failure);
        });
        if (settled.get()) {
            sent.cancel(true);
        }
    }

    private HttpRequest request() {
        return settings.endpoint()
                .request(uri)
                .setHeader("Content-Type", "text/plain; charset=utf-8")
                .setHeader("Idempotency-Key", key)
                .POST(BodyPublishers.ofByteArray(body))
                .build();
    }

    private void answered(@Nullable HttpResponse<String> response, @Nullable Throwable failure) {
        if (response == null) {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            again(
                    cause instanceof CancellationException ? new HttpTimeoutException("no answer in time") : cause,
                    Duration.ZERO);
            return;
        }
        switch (response.statusCode()) {
            case 200, 201 -> published(response.body());
            case 408, 429, 502, 503, 504 -> {
                Problem problem = Problem.of(response);
                again(new RefusedException(problem), problem.retryAfter());
            }
            default -> fail(new RefusedException(Problem.of(response)));
        }
    }

    private void published(String answer) {
        String id = JsonFields.string(answer, "id");
        if (id == null) {
            fail(new IOException("no id in the answer to a publish: " + answer));
        } else if (settle()) {
            result.completeAsync(() -> id, Shared.callbacks());
        }
    }

    private void again(@Nullable Throwable cause, Duration atLeast) {
        last = cause == null ? last : cause;
        Duration delay = backoff.next(atLeast);
        if (System.nanoTime() + delay.toNanos() - deadline >= 0) {
            fail(late());
        } else if (!settled.get()) {
            Future<?> unused = Shared.after(delay, () -> Shared.callbacks().execute(this::attempt));
        }
    }

    private TimeoutException late() {
        TimeoutException late = new TimeoutException("not published within " + settings.deadline() + ", in " + attempts
                + " attempts; the last: " + last.getMessage());
        late.initCause(last);
        return late;
    }

    private void fail(Throwable cause) {
        if (settle()) {
            Shared.callbacks().execute(() -> result.completeExceptionally(cause));
        }
    }

    private boolean settle() {
        if (!settled.compareAndSet(false, true)) {
            return false;
        }
        whenSettled.accept(this);
        return true;
    }
}
