package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.redis.RedisLog;
import dev.fanfare.redis.RedisServer;
import dev.fanfare.redis.RedisSettings;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A master, a replica and three sentinels, all real: what nodes do when the master dies, or stands still and then goes on as if nothing was. */
class RedisSentinelTest {

    private static final String MASTER = "hub";

    private final Books books = new Books();

    @ParameterizedTest
    @ValueSource(strings = {"KILL", "STOP"})
    void nodesGoOnWithTheServerThatIsPromoted(String signal) throws Exception {
        try (RedisServer master = new RedisServer("--repl-diskless-sync-delay", "0");
                RedisServer replica = new RedisServer("--replicaof", "127.0.0.1 " + master.port());
                RedisServer first = sentinel(master);
                RedisServer second = sentinel(master);
                RedisServer third = sentinel(master)) {
            List<RedisServer> sentinels = List.of(first, second, third);
            sentinels.forEach(RedisSentinelTest::awaitKnown);
            RedisSettings settings = RedisSettings.of(sentinels.stream()
                            .map(sentinel -> "127.0.0.1:" + sentinel.port())
                            .collect(Collectors.joining(",", "redis-sentinel://", "#" + MASTER)))
                    .withTimeout(Duration.ofMillis(500));
            try (TestHub one = new TestHub(RedisLog.open(settings, Retention.DEFAULT), TestHub.SETTINGS);
                    TestHub two = new TestHub(RedisLog.open(settings, Retention.DEFAULT), TestHub.SETTINGS)) {
                books.open(one, "a");
                books.open(two, "a");
                Books.Publisher publisher = books.publishOn(one, "a");
                books.fault();
                master.signal(signal);
                publisher.awaitMore(20);
                master.signal("CONT");
                publisher.awaitMore(20);

                books.balance();
                assertThat(publisher.refusals()).isPositive();
                assertThat(replica.command("INFO", "replication")).contains("role:master");
            }
        }
    }

    private static RedisServer sentinel(RedisServer master) {
        return RedisServer.sentinel(
                "sentinel monitor " + MASTER + " 127.0.0.1 " + master.port() + " 2",
                "sentinel down-after-milliseconds " + MASTER + " 500",
                "sentinel failover-timeout " + MASTER + " 3000");
    }

    /** Waits until a sentinel knows the others and the replica. */
    private static void awaitKnown(RedisServer sentinel) {
        await().atMost(Duration.ofSeconds(20)).until(() -> {
            boolean others = sentinel.command("SENTINEL", "CKQUORUM", MASTER).startsWith("OK 3");
            return others && sentinel.command("SENTINEL", "REPLICAS", MASTER).contains("master-link-status\nok");
        });
    }
}
