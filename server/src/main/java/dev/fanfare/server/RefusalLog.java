package dev.fanfare.server;

import dev.fanfare.http.Problem;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Says what is refused, at most one line a minute of each kind, with how many there were since the last. Of a request it says nothing,
 * so that no log holds what users chose. Thread-safe.
 */
final class RefusalLog {

    private static final Logger LOG = System.getLogger(RefusalLog.class.getName());

    private final long everyNanos;
    private final Map<String, Kind> kinds = new ConcurrentHashMap<>();

    private static final class Kind {
        private long last;
        private long unsaid;
        private boolean said;

        /** How many to tell of now, or 0. */
        synchronized long count(long now, long everyNanos) {
            unsaid++;
            if (said && now - last < everyNanos) {
                return 0;
            }
            long count = unsaid;
            said = true;
            last = now;
            unsaid = 0;
            return count;
        }
    }

    RefusalLog() {
        this(TimeUnit.MINUTES.toNanos(1));
    }

    RefusalLog(long everyNanos) {
        this.everyNanos = everyNanos;
    }

    void refused(Problem problem) {
        long count = count("" + problem.status());
        if (count > 0) {
            LOG.log(
                    problem.status() < 500 ? Level.INFO : Level.WARNING,
                    "refused {0} requests with {1}, the last one: {2}",
                    new LogField("count", count),
                    new LogField("status", problem.status()),
                    new LogField("title", problem.title()));
        }
    }

    void refused(Refusal why) {
        long count = count(why.text());
        if (count > 0) {
            LOG.log(
                    Level.WARNING,
                    "refused {0} streams, to come back later: {1}",
                    new LogField("count", count),
                    new LogField("reason", why.text()));
        }
    }

    private long count(String kind) {
        return kinds.computeIfAbsent(kind, name -> new Kind()).count(System.nanoTime(), everyNanos);
    }
}
