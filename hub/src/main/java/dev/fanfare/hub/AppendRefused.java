package dev.fanfare.hub;

/** A log does not take an append; nothing of it was stored. The message says what to do. */
public final class AppendRefused extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** A refusal for this reason. */
    public AppendRefused(Reason reason, String message) {
        super(message, null, false, false);
        this.reason = reason;
    }

    /** The key was used before, for other data. */
    public static AppendRefused keyConflict(String key, Topic topic) {
        return new AppendRefused(
                Reason.KEY_CONFLICT,
                "Idempotency-Key '" + key + "' was used for another event of topic " + topic
                        + "; take a new key for new data");
    }

    /** The topic has ended. */
    public static AppendRefused ended(Topic topic) {
        return new AppendRefused(
                Reason.ENDED,
                "topic " + topic + " has ended and takes no more events; take a new topic, or delete this one");
    }

    /** There are as many topics as there may be. */
    public static AppendRefused tooManyTopics(long topics) {
        return new AppendRefused(
                Reason.NO_ROOM,
                "the log holds " + topics + " topics and takes no new one; raise limits.topics or lower retention.age");
    }

    /** There are as many notes as there may be. */
    public static AppendRefused tooManyNotes(long notes) {
        return new AppendRefused(
                Reason.NO_ROOM,
                "the log holds " + notes + " notes (tickets and revocations) and takes no new one; "
                        + "let tickets live for a shorter time, and try again when some have ended");
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /** Why an append was refused. */
    public enum Reason {
        /** The idempotency key was used for other data. */
        KEY_CONFLICT,
        /** The topic has ended. */
        ENDED,
        /** A bound of the log is reached. */
        NO_ROOM,
        /** The disk is full. */
        DISK_FULL,
        /** The log cannot be reached or is closed; the same append may be tried again. */
        UNAVAILABLE
    }
}
