package dev.fanfare.hub;

import java.time.InstantSource;

/** The contract, on a log whose reads complete later on another thread. */
class LateLogNotesTest extends NotesContract {

    @Override
    protected EventLog open(Retention retention, InstantSource time) {
        return new LateLog(retention, time, 3);
    }
}
