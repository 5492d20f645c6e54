package dev.fanfare.redis;

import dev.fanfare.hub.IngressCounts.Outcome;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.EnumMap;
import java.util.Map;

/** Says what messages became instead of events: at most one line a minute of each kind, with how many there were since the last. */
final class MessageLog {

    private static final Logger LOG = System.getLogger(MessageLog.class.getName());

    private final long everyNanos;
    private final Map<Outcome, Kind> kinds = new EnumMap<>(Outcome.class);

    private static final class Kind {
        long said;
        long unsaid;
    }

    MessageLog(long everyNanos) {
        this.everyNanos = everyNanos;
    }

    /** A message has become no event. */
    synchronized void lost(Outcome outcome, String why) {
        long now = System.nanoTime();
        Kind kind = kinds.get(outcome);
        if (kind == null) {
            kind = new Kind();
            kind.said = now - everyNanos;
            kinds.put(outcome, kind);
        }
        kind.unsaid++;
        if (now - kind.said >= everyNanos) {
            LOG.log(
                    Level.WARNING,
                    "{0} messages of Redis channels were lost as {1}, the last one: {2}",
                    Long.toString(kind.unsaid),
                    outcome.text(),
                    why);
            kind.said = now;
            kind.unsaid = 0;
        }
    }
}
