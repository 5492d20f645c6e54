package dev.fanfare.server;

import java.util.Locale;

/** Why a stream was not begun: the word that its client is told. */
enum Refusal {
    /** There are as many streams as may be. */
    LIMIT,
    /** The node can't do more, or what it needs is down. */
    OVERLOAD,
    /** The node prepares to stop. */
    DRAINING;

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
