package dev.fanfare.server;

import dev.fanfare.hub.Entry;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** A log that is another one, but for what a test makes different. */
class ForwardingLog implements EventLog {

    final EventLog log;

    ForwardingLog(EventLog log) {
        this.log = log;
    }

    @Override
    public CompletionStage<Long> ended(Selection selection) {
        return log.ended(selection);
    }

    @Override
    public CompletionStage<long[]> append(List<? extends Entry> entries) {
        return log.append(entries);
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
