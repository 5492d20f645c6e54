package dev.fanfare.hub;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What a follower of a log was given. */
public final class Followed implements EventLog.Follower {
    public final List<Stored> entries = new CopyOnWriteArrayList<>();
    public final List<Long> lost = new CopyOnWriteArrayList<>();

    /** Follows a log, and waits until it has given all it holds now. */
    public static Followed of(EventLog log, long after) {
        Followed followed = new Followed();
        Logs.get(log.follow(after, followed));
        return followed;
    }

    @Override
    public void entries(List<Stored> some) {
        entries.addAll(some);
    }

    @Override
    public void lost(long position) {
        lost.add(position);
    }
}
