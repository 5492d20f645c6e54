package dev.fanfare.hub;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** A log whose appends are timed. */
final class ObservedLog implements EventLog {

    private final EventLog log;
    private final HubListener listener;

    ObservedLog(EventLog log, HubListener listener) {
        this.log = log;
        this.listener = listener;
    }

    @Override
    public CompletionStage<long[]> append(List<? extends Entry> entries) {
        long begin = System.nanoTime();
        CompletionStage<long[]> appended = log.append(entries);
        appended.whenComplete((positions, failure) -> listener.appended(System.nanoTime() - begin));
        return appended; // and not what depends on it, which would fail with another exception
    }

    @Override
    public CompletionStage<Page> read(Reading reading) {
        return log.read(reading);
    }

    @Override
    public CompletionStage<Long> tail() {
        return log.tail();
    }

    @Override
    public CompletionStage<Long> before(Selection selection, int events) {
        return log.before(selection, events);
    }

    @Override
    public CompletionStage<Optional<Long>> find(Selection selection, String id) {
        return log.find(selection, id);
    }

    @Override
    public CompletionStage<Long> ended(Selection selection) {
        return log.ended(selection);
    }

    @Override
    public CompletionStage<List<TopicSummary>> topics(String prefix, String after, int limit) {
        return log.topics(prefix, after, limit);
    }

    @Override
    public CompletionStage<List<Stored>> notes(String prefix) {
        return log.notes(prefix);
    }

    @Override
    public CompletionStage<Size> size() {
        return log.size();
    }

    @Override
    public CompletionStage<Void> follow(long after, Follower follower) {
        return log.follow(after, follower);
    }

    @Override
    public CompletionStage<Long> recent(long bytes) {
        return log.recent(bytes);
    }

    @Override
    public void close() {
        log.close();
    }
}
