package dev.fanfare.hub;

import dev.fanfare.hub.TestHub.Stream;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

class LateLogEndTest extends EndContract {

    @Override
    protected EventLog log(Retention retention, InstantSource clock) {
        return new LateLog(retention, clock, 5);
    }

    @Test
    void anEndThatTheLogCannotConfirmIsToldWhenItCan() {
        TestHub hub = hub();
        LateLog log = (LateLog) hub.log;
        Stream stream = hub.open(Subscription.to("a"));
        hub.awaitLive(stream);
        log.failing = true;
        hub.publish("a", "1");
        String end = end(hub, "a");
        stream.awaitData("1");
        log.failing = false;

        assertEnded(hub, stream, end, "1");
    }
}
