package dev.fanfare.hub;

import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/** What has become of the messages that another system sent this process to publish, so far. Thread-safe. */
public final class IngressCounts {

    private final LongAdder[] counts = new LongAdder[Outcome.values().length];
    private volatile boolean active;

    /** Nothing so far. */
    public IngressCounts() {
        Arrays.setAll(counts, outcome -> new LongAdder());
    }

    /** Counts a message. */
    public void count(Outcome outcome) {
        counts[outcome.ordinal()].increment();
    }

    /** How many have become this. */
    public long sum(Outcome outcome) {
        return counts[outcome.ordinal()].sum();
    }

    /** Whether this process is the one that brings them in. */
    public boolean active() {
        return active;
    }

    /** Sets whether it is. */
    public void active(boolean isActive) {
        active = isActive;
    }

    /** What becomes of a message. */
    public enum Outcome {
        /** An event in the log. */
        PUBLISHED("published"),
        /** Nothing: it is no event. */
        INVALID("invalid"),
        /** Nothing: it is larger than an event may be. */
        OVERSIZED("oversized"),
        /** Nothing: more came than the log took. */
        DROPPED("dropped"),
        /** Nothing: the log did not take it, or did not answer in time. */
        REFUSED("refused"),
        /** Nothing: another process brings them in since. */
        FENCED("fenced");

        private final String text;

        Outcome(String text) {
            this.text = text;
        }

        /** Its name in {@code /stats} and metrics. */
        public String text() {
            return text;
        }
    }
}
