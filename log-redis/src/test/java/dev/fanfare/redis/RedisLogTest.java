package dev.fanfare.redis;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.EventLogContract;
import dev.fanfare.hub.Retention;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisLogTest extends EventLogContract {

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
    protected EventLog open(Retention retention, InstantSource time) {
        return server.open(retention, time);
    }

    @Override
    public void retain(EventLog log) {
        ((RedisLog) log).retain();
    }
}
