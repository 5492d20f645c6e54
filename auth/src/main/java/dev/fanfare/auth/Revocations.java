package dev.fanfare.auth;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Position;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Since when users' credentials count: what was issued to a user up to his revocation is refused, on every node, at once and for good.
 * A revocation is a note in the log, and its time is that of the note's position. Thread-safe; no method blocks, and to look one up is
 * to look into a map.
 *
 * <p>Whoever opens something for a caller and keeps it open calls {@link #check} again after he has made it known to what {@link
 * #onRevoked} ends: what is revoked in between is ended by one of the two.
 */
public final class Revocations {

    private static final String PREFIX = "revoked/";
    private static final System.Logger LOG = System.getLogger(Revocations.class.getName());

    private final EventLog log;
    private final Map<String, Long> times = new ConcurrentHashMap<>();
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    /** Hears of revocations. */
    public interface Listener {
        /**
         * Credentials of this user that were issued up to this time are no good any more. Called on the log's thread, which must not be
         * held up.
         *
         * @param issuedUpTo in ms since 1970, as {@link Caller#issued}
         */
        void revoked(String user, long issuedUpTo);
    }

    private Revocations(EventLog log) {
        this.log = log;
    }

    /** Those that a log holds; completes when they are known. */
    public static CompletionStage<Revocations> start(EventLog log) {
        Revocations revocations = new Revocations(log);
        return NoteFeed.start(log, PREFIX, revocations::take).thenApply(loaded -> revocations);
    }

    private void take(Note note, long position) {
        if (!note.name().startsWith(PREFIX)) {
            return;
        }
        String user = note.name().substring(PREFIX.length());
        if (note.isRemoval()) {
            times.remove(user);
            return;
        }
        long time = Position.millis(position);
        times.put(user, time);
        for (Listener listener : listeners) {
            try {
                listener.revoked(user, time);
            } catch (RuntimeException failure) { // the others must hear of it, and the log must not suffer
                LOG.log(System.Logger.Level.ERROR, "streams of a revoked user may not have been ended", failure);
            }
        }
    }

    /** Has this called with every revocation from now on, whichever node it was made on. */
    public void onRevoked(Listener listener) {
        listeners.add(listener);
    }

    /**
     * Refuses from now on what was issued to a user until now. Completes when that is in the log and known to this node; fails with
     * {@link dev.fanfare.hub.AppendRefused}.
     *
     * @throws IllegalArgumentException if nobody can be called so
     */
    public CompletionStage<Void> revoke(String user) {
        UserTopics.segment(user); // no longer than any user is whose credentials are accepted
        return log.append(List.of(new Note(PREFIX + user, "revoked", Long.MAX_VALUE)))
                .thenAccept(positions -> {});
    }

    /** Whether what was issued to this user at this time, in ms since 1970, is refused. */
    public boolean isRevoked(String user, long issued) {
        Long time = times.get(user);
        return time != null && issued <= time;
    }

    /**
     * Lets a caller pass whose credential has not been revoked.
     *
     * @throws AuthRefused if it has
     */
    public void check(Caller caller) {
        String user = caller.user();
        if (user != null && isRevoked(user, caller.issued())) {
            throw AuthRefused.invalid("the credential has been revoked; sign in again for a new one");
        }
    }
}
