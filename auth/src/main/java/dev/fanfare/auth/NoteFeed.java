package dev.fanfare.auth;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Stored;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Keeps somebody up to date with a log's notes: those of some names that hold at the beginning, then every one that comes, of whatever
 * name, in order. What comes while those of before are being read wins over them. Where entries were lost, all that hold are read again,
 * and taken again.
 */
final class NoteFeed implements EventLog.Follower {

    private static final long RETRY_MILLIS = 500;

    private final EventLog log;
    private final String prefix;
    private final Taker taker;
    /** Positions of what has come, by name, while notes of before are being read; else nothing. */
    private final Map<String, Long> came = new HashMap<>();

    private int loading = 1;

    /** Takes notes, one at a time. It must not be held up. */
    interface Taker {
        void take(Note note, long position);

        /** Notes may have come that were not given. Those of the feed's names that hold will be taken; about others the log can be asked. */
        default void missed() {}
    }

    private NoteFeed(EventLog log, String prefix, Taker taker) {
        this.log = log;
        this.prefix = prefix;
        this.taker = taker;
    }

    /** Begins; completes when all that held before is known. */
    static CompletionStage<Void> start(EventLog log, String prefix, Taker taker) {
        NoteFeed feed = new NoteFeed(log, prefix, taker);
        return log.tail()
                .thenCompose(tail -> log.follow(tail, feed))
                .thenCompose(following -> log.notes(prefix))
                .thenAccept(feed::load);
    }

    @Override
    public void entries(List<Stored> entries) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).entry() instanceof Note note) {
                take(note, entries.get(i).position());
            }
        }
    }

    private synchronized void take(Note note, long position) {
        if (loading > 0) {
            came.put(note.name(), position);
        }
        taker.take(note, position);
    }

    @Override
    public void lost(long position) {
        synchronized (this) {
            loading++;
        }
        loadAgain();
        taker.missed();
    }

    private void loadAgain() {
        log.notes(prefix).whenComplete((held, failure) -> {
            if (failure == null) {
                load(held);
            } else {
                CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS)
                        .execute(this::loadAgain);
            }
        });
    }

    private synchronized void load(List<Stored> before) {
        for (Stored stored : before) {
            if (stored.entry() instanceof Note note && stored.position() > came.getOrDefault(note.name(), 0L)) {
                taker.take(note, stored.position());
            }
        }
        loading--;
        if (loading == 0) {
            came.clear();
        }
    }
}
