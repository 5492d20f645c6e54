package dev.fanfare.redis;

import dev.fanfare.hub.EndContract;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Retention;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisLogEndTest extends EndContract {

    @SuppressWarnings("NullAway.Init") // JUnit calls start
    private static RedisServer server;

    @BeforeAll
    static void start() {
        server = new RedisServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Override
    protected EventLog log(Retention retention, InstantSource clock) {
        return server.open(retention, clock);
    }

    @Override
    protected void retain(EventLog log) {
        ((RedisLog) log).retain();
    }
}
