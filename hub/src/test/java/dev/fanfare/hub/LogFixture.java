package dev.fanfare.hub;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** Opens the logs under test, and closes them. */
public abstract class LogFixture implements LogUnderTest {
    private final TestClock clock = new TestClock(1_763_683_200_000L);
    private final List<EventLog> opened = new ArrayList<>();

    /** A new, empty log. */
    protected abstract EventLog open(Retention retention, InstantSource time);

    @Override
    public final EventLog log(Retention retention) {
        EventLog log = open(retention, clock);
        opened.add(log);
        return log;
    }

    @Override
    public void retain(EventLog log) {}

    @Override
    public final TestClock clock() {
        return clock;
    }

    @AfterEach
    void closeLogs() {
        opened.forEach(EventLog::close);
    }
}
