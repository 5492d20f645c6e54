package dev.fanfare.hub;

import java.time.InstantSource;

class LateLogCursorTest extends CursorContract {

    @Override
    protected EventLog log(Retention retention, InstantSource clock) {
        return new LateLog(retention, clock, 2);
    }
}
