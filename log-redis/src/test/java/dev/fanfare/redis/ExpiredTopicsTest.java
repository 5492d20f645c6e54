package dev.fanfare.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.TestClock;
import dev.fanfare.stream.Event;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.netty.util.ResourceLeakDetector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many topics with a few events each, as answers and orders are, once they have expired. */
class ExpiredTopicsTest {

    private static final boolean LONG = Boolean.getBoolean("fanfare.long");
    private static final int TOPICS = LONG ? 1_000_000 : 10_000;
    private static final int EVENTS_A_TOPIC = 10;
    private static final int A_CALL = 1_000;
    private static final int CALLS_AT_ONCE = 8;
    /** A node's last answers are kept: so many. */
    private static final int ANSWERS_KEPT = 16;

    private ResourceLeakDetector.@Nullable Level leaks;

    /** A trace of each of a hundred million buffers would take most of the time. */
    @BeforeEach
    void traceNoBuffers() {
        leaks = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
    }

    @AfterEach
    void traceBuffers() {
        ResourceLeakDetector.setLevel(leaks);
    }

    private final TestClock clock = new TestClock(1_763_683_200_000L);

    @Test
    void giveTheirMemoryBack() {
        Retention hour = new Retention(
                Duration.ofHours(1), 1L << 40, Long.MAX_VALUE, false, 2L * TOPICS, Duration.ofMinutes(10));
        // the slow log keeps arguments of the last 128 scripts that took long
        try (RedisServer server = new RedisServer("--slowlog-max-len", "0");
                RedisLog log = RedisLog.open(server.settings("volume", Duration.ofMinutes(1)), hour, clock);
                RedisClient admin = RedisClient.create(server.uri())) {
            RedisCommands<String, String> commands = admin.connect().sync();
            publishAll(log, A_CALL); // a server keeps a histogram of each command from its first use on
            expireAll(log);
            long empty = usedMemory(commands);
            publishAll(log, TOPICS);
            long full = usedMemory(commands);
            assertThat(size(log).topics()).isEqualTo(TOPICS);
            assertThat(size(log).events()).isEqualTo((long) TOPICS * EVENTS_A_TOPIC);

            long begin = System.nanoTime();
            expireAll(log);
            Duration took = Duration.ofNanos(System.nanoTime() - begin);

            String figures = "empty %,d, full %,d, %,d bytes an event; removed in %,d ms"
                    .formatted(empty, full, (full - empty) / TOPICS / EVENTS_A_TOPIC, took.toMillis());
            await().atMost(Duration.ofMinutes(1))
                    .untilAsserted(
                            () -> assertThat(usedMemory(commands)).as(figures).isLessThan(empty + empty / 10));
            System.out.printf("%s; afterwards %,d%n", figures, usedMemory(commands));
        }
    }

    private void expireAll(RedisLog log) {
        for (int i = 0; i < ANSWERS_KEPT; i++) { // short answers take the place of long ones
            append(log, List.of(Publication.of("last", Event.message("x"))));
        }
        clock.advance(Duration.ofHours(2));
        await().atMost(Duration.ofMinutes(30)).until(() -> size(log).events() == 0);
    }

    /** Event by event over all topics, so that each topic's events lie far apart. */
    private static void publishAll(RedisLog log, int topics) {
        Deque<CompletionStage<long[]>> underWay = new ArrayDeque<>();
        for (int event = 0; event < EVENTS_A_TOPIC; event++) {
            for (int topic = 0; topic < topics; topic += A_CALL) {
                List<Publication> some = new ArrayList<>(A_CALL);
                for (int i = topic; i < topic + A_CALL; i++) {
                    some.add(Publication.of("orders/" + i, Event.message("event " + event + " of order " + i)));
                }
                underWay.add(log.append(some));
                if (underWay.size() == CALLS_AT_ONCE) {
                    underWay.remove().toCompletableFuture().join();
                }
            }
        }
        underWay.forEach(stage -> stage.toCompletableFuture().join());
    }

    private static void append(EventLog log, List<Publication> publications) {
        log.append(publications).toCompletableFuture().join();
    }

    private static EventLog.Size size(EventLog log) {
        return log.size().toCompletableFuture().join();
    }

    private static long usedMemory(RedisCommands<String, String> commands) {
        return commands.info("memory")
                .lines()
                .filter(line -> line.startsWith("used_memory:"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .findFirst()
                .orElseThrow();
    }
}
