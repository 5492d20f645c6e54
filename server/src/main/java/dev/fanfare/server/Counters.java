package dev.fanfare.server;

import java.util.concurrent.atomic.LongAdder;

/** What a server has slowed down, ended and cut, so far. Thread-safe. */
final class Counters {

    final LongAdder publishesSlowed = new LongAdder();
    final LongAdder historySlowed = new LongAdder();
    /** Ended by slow.max-lag. */
    final LongAdder endedForLag = new LongAdder();
    /** Cut by limits.write-time. */
    final LongAdder cut = new LongAdder();

    final LongAdder acceptsFailed = new LongAdder();
}
