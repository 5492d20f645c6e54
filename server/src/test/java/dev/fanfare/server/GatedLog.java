package dev.fanfare.server;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.MemoryLog;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.TopicEnded;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A log whose appends are done later, on another thread, when they are let; and which can be made to refuse. */
final class GatedLog extends ForwardingLog {

    private final ExecutorService late = Executors.newSingleThreadExecutor();
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private boolean open = true;
    /** How many entries each append had, those refused too. */
    final List<Integer> batches = new CopyOnWriteArrayList<>();
    /** All that was appended. */
    final List<Entry> appended = new CopyOnWriteArrayList<>();
    /** Appends with an entry like this are refused for that reason. */
    volatile Predicate<Publication> refused = publication -> false;

    volatile AppendRefused.Reason reason = AppendRefused.Reason.UNAVAILABLE;

    GatedLog() {
        super(new MemoryLog());
    }

    synchronized GatedLog shut() {
        open = false;
        return this;
    }

    synchronized void open() {
        open = true;
        waiting.forEach(late::execute);
        waiting.clear();
    }

    /** Lets one append through. */
    synchronized void letOne() {
        Runnable append = waiting.poll();
        if (append != null) {
            late.execute(append);
        }
    }

    synchronized int waiting() {
        return waiting.size();
    }

    List<String> data() {
        return appended.stream()
                .filter(Publication.class::isInstance)
                .map(entry -> ((Publication) entry).event().data())
                .toList();
    }

    List<TopicEnded> ends() {
        return appended.stream()
                .filter(TopicEnded.class::isInstance)
                .map(TopicEnded.class::cast)
                .toList();
    }

    @Override
    public synchronized CompletionStage<long[]> append(List<? extends Entry> entries) {
        List<Entry> copy = new ArrayList<>(entries);
        batches.add(copy.size());
        CompletableFuture<long[]> answer = new CompletableFuture<>();
        Runnable append = () -> append(copy, answer);
        if (open) {
            late.execute(append);
        } else {
            waiting.add(append);
        }
        return answer;
    }

    private void append(List<Entry> entries, CompletableFuture<long[]> answer) {
        for (Entry entry : entries) {
            if (entry instanceof Publication publication && refused.test(publication)) {
                answer.completeExceptionally(new AppendRefused(reason, "made to refuse; try again"));
                return;
            }
        }
        log.append(entries).whenComplete((long @Nullable [] positions, @Nullable Throwable failure) -> {
            if (positions == null) {
                answer.completeExceptionally(failure);
            } else {
                appended.addAll(entries);
                answer.complete(positions);
            }
        });
    }

    @Override
    public void close() {
        open();
        log.close();
        late.shutdown();
    }
}
