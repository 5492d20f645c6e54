package dev.fanfare.hub;

import java.time.InstantSource;

class MemoryLogCursorTest extends CursorContract {

    @Override
    protected EventLog log(Retention retention, InstantSource clock) {
        return new MemoryLog(retention, clock);
    }
}
