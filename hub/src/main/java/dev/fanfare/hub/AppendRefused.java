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

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /** Why an append was refused. */
    public enum Reason {
        /** The idempotency key was used for other data. */
        KEY_CONFLICT,
        /** A bound of the log is reached. */
        NO_ROOM,
        /** The log cannot be reached or is closed; the same append may be tried again. */
        UNAVAILABLE
    }
}
