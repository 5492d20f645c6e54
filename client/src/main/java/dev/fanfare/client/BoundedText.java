package dev.fanfare.client;

import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** A body as text, of which no more than 64 KiB are kept; where a longer one is cut off, its connection is given up. */
final class BoundedText implements BodySubscriber<String> {

    private static final int LIMIT = 64 * 1024;

    private final CompletableFuture<String> text = new CompletableFuture<>();
    private final byte[] kept = new byte[LIMIT];
    private int length;
    private Flow.@Nullable Subscription subscription;

    @Override
    public CompletionStage<String> getBody() {
        return text;
    }

    @Override
    public void onSubscribe(Flow.Subscription newSubscription) {
        subscription = newSubscription;
        newSubscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            int taken = Math.min(buffer.remaining(), LIMIT - length);
            buffer.get(kept, length, taken);
            length += taken;
            if (buffer.hasRemaining() && subscription != null) {
                subscription.cancel();
                onComplete();
                return;
            }
        }
    }

    @Override
    public void onError(Throwable failure) {
        text.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        text.complete(new String(kept, 0, length, StandardCharsets.UTF_8));
    }
}
