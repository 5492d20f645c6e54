package dev.fanfare.server;

import dev.fanfare.hub.MemoryLog;
import dev.fanfare.hub.Selection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/** A log that says where topics ended only once it is let, on whichever thread lets it. */
final class HesitantLog extends ForwardingLog {

    final CompletableFuture<Void> gate = new CompletableFuture<>();
    final AtomicInteger asked = new AtomicInteger();

    HesitantLog() {
        super(new MemoryLog());
    }

    @Override
    public CompletionStage<Long> ended(Selection selection) {
        asked.incrementAndGet();
        return gate.thenCompose(let -> log.ended(selection));
    }
}
