package dev.fanfare.redis;

import dev.fanfare.hub.IngressCounts.Outcome;

/** A message is no event. What it says goes to the log, so it holds nothing of the message. */
public final class BadMessage extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Outcome outcome;

    /** A message that has become this, for this reason. */
    public BadMessage(Outcome outcome, String why) {
        super(why, null, false, false);
        this.outcome = outcome;
    }

    Outcome outcome() {
        return outcome;
    }
}
