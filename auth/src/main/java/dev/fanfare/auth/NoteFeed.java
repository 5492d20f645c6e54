package dev.fanfare.auth;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Stored;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * Keeps somebody up to date with a log's notes: those of some names that hold at the beginning, then every one that comes, of whatever
 * name, in order. What comes while the first are being read wins over them.
 */
final class NoteFeed implements EventLog.Follower {

    private final Taker taker;
    /** Positions of what has come, by name, until the notes of before are here; then nothing. */
    private final Map<String, Long> came = new HashMap<>();

    private boolean loaded;

    /** Takes notes, one at a time. It must not be held up. */
    interface Taker {
        void take(Note note, long position);
    }

    private NoteFeed(Taker taker) {
        this.taker = taker;
    }

    /** Begins; completes when all that held before is known. */
    static CompletionStage<Void> start(EventLog log, String prefix, Taker taker) {
        NoteFeed feed = new NoteFeed(taker);
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
        if (!loaded) {
            came.put(note.name(), position);
        }
        taker.take(note, position);
    }

    private synchronized void load(List<Stored> before) {
        for (Stored stored : before) {
            if (stored.entry() instanceof Note note && stored.position() > came.getOrDefault(note.name(), 0L)) {
                taker.take(note, stored.position());
            }
        }
        came.clear();
        loaded = true;
    }
}
