package dev.fanfare.hub;

import dev.fanfare.hub.Subscription.Slow;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** Opens hubs on the log under test, and closes them. */
public abstract class HubFixture {
    private final List<TestHub> hubs = new ArrayList<>();

    /** A new, empty log. */
    protected abstract EventLog log(Retention retention, InstantSource clock);

    @AfterEach
    void closeHubs() {
        hubs.forEach(TestHub::close);
    }

    public TestHub hub() {
        return hub(TestHub.SETTINGS);
    }

    public TestHub hub(HubSettings settings) {
        return hub(Retention.DEFAULT, InstantSource.system(), settings);
    }

    public TestHub hub(Retention retention, InstantSource clock, HubSettings settings) {
        return hub(log(retention, clock), settings);
    }

    /** A hub on a log that another may be on, too. */
    TestHub hub(EventLog log, HubSettings settings) {
        TestHub hub = new TestHub(log, settings);
        hubs.add(hub);
        return hub;
    }

    static Subscription with(Selection selection, Form form, Slow slow) {
        return new Subscription(
                selection, Start.NOW, null, form, slow, Duration.ofSeconds(15), false, Duration.ofSeconds(3), true);
    }
}
