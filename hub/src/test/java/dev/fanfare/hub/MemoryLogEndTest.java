package dev.fanfare.hub;

import java.time.InstantSource;

class MemoryLogEndTest extends EndContract {

    @Override
    protected EventLog log(Retention retention, InstantSource clock) {
        return new MemoryLog(retention, clock);
    }
}
