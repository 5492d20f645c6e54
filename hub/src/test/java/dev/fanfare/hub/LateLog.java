package dev.fanfare.hub;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A memory log whose reads complete later, on another thread, in any order: some look at once and answer late, some look late. Reads
 * can be made to fail, or to wait until they are let go.
 */
final class LateLog implements EventLog {
    private static final int MOST_MICROS = 2_000;

    private final EventLog log;
    private final List<Stored> held = new ArrayList<>();
    private final Random random;
    private final ScheduledExecutorService late = Executors.newScheduledThreadPool(2, task -> {
        Thread thread = new Thread(task, "late-log");
        thread.setDaemon(true);
        return thread;
    });
    final AtomicInteger reads = new AtomicInteger();
    volatile boolean failing;
    /** When the next reads look: true at once, false late, null as it comes. */
    volatile @Nullable Boolean lookNow;
    /** Whether followers wait, as for another node's entries. */
    volatile boolean holding;
    /** Reads wait for it. */
    volatile CompletableFuture<Void> gate = CompletableFuture.completedFuture(null);

    LateLog(Retention retention, InstantSource clock, long seed) {
        this.log = new MemoryLog(retention, clock);
        this.random = new Random(seed);
    }

    private <T> CompletionStage<T> later(Supplier<CompletionStage<T>> question) {
        reads.incrementAndGet();
        if (failing) {
            return CompletableFuture.failedFuture(new AppendRefused(AppendRefused.Reason.UNAVAILABLE, "made to fail"));
        }
        boolean now;
        int micros;
        synchronized (random) {
            now = random.nextBoolean();
            micros = random.nextInt(MOST_MICROS);
        }
        Boolean told = lookNow;
        Supplier<CompletionStage<T>> looked = (told == null ? now : told) ? given(question.get()) : question;
        CompletableFuture<T> answer = new CompletableFuture<>();
        gate.whenComplete((open, closed) -> {
            try {
                late.schedule(
                        () -> {
                            looked.get().whenComplete((value, failure) -> {
                                if (failure == null) {
                                    answer.complete(value);
                                } else {
                                    answer.completeExceptionally(failure);
                                }
                            });
                        },
                        micros,
                        TimeUnit.MICROSECONDS);
            } catch (RejectedExecutionException shutDown) {
                answer.completeExceptionally(new AppendRefused(AppendRefused.Reason.UNAVAILABLE, "closed"));
            }
        });
        return answer;
    }

    private static <T> Supplier<T> given(T value) {
        return () -> value;
    }

    @Override
    public CompletionStage<long[]> append(List<? extends Entry> entries) {
        return log.append(entries);
    }

    @Override
    public CompletionStage<Page> read(Reading reading) {
        return later(() -> log.read(reading));
    }

    @Override
    public CompletionStage<Long> tail() {
        return later(log::tail);
    }

    @Override
    public CompletionStage<Long> before(Selection selection, int events) {
        return later(() -> log.before(selection, events));
    }

    @Override
    public CompletionStage<Optional<Long>> find(Selection selection, String id) {
        return later(() -> log.find(selection, id));
    }

    @Override
    public CompletionStage<Long> ended(Selection selection) {
        return later(() -> log.ended(selection));
    }

    @Override
    public CompletionStage<List<TopicSummary>> topics(String prefix, String after, int limit) {
        return later(() -> log.topics(prefix, after, limit));
    }

    @Override
    public CompletionStage<List<Stored>> notes(String prefix) {
        return later(() -> log.notes(prefix));
    }

    @Override
    public CompletionStage<Size> size() {
        return log.size();
    }

    @Override
    public CompletionStage<Long> recent(long bytes) {
        return log.recent(bytes);
    }

    @Override
    public CompletionStage<Void> follow(long after, Follower follower) {
        return log.follow(after, entries -> {
            synchronized (held) {
                held.addAll(entries);
                if (!holding) {
                    follower.entries(List.copyOf(held));
                    held.clear();
                }
            }
        });
    }

    @Override
    public void close() {
        log.close();
        late.shutdown();
    }
}
