package dev.fanfare.hub;

import dev.fanfare.redis.RedisLog;
import dev.fanfare.redis.RedisServer;
import java.lang.reflect.Proxy;
import java.time.InstantSource;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Cursors on a log in Redis; in their package, since they are tested from within. */
class RedisLogCursorTest extends CursorContract {

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
        RedisLog log = server.open(retention, clock);
        return retention == Retention.DEFAULT ? log : retaining(log);
    }

    /** The contract expects retention at once; this log applies it in the background. */
    private static EventLog retaining(RedisLog log) {
        return (EventLog) Proxy.newProxyInstance(
                EventLog.class.getClassLoader(), new Class<?>[] {EventLog.class}, (proxy, method, arguments) -> {
                    Object result = method.invoke(log, arguments);
                    if (method.getName().equals("append")) {
                        ((CompletionStage<?>) result).toCompletableFuture().join();
                        log.retain();
                    }
                    return result;
                });
    }
}
