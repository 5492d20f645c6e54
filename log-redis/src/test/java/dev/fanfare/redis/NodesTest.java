package dev.fanfare.redis;

import static dev.fanfare.hub.Logs.AMPLE;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.data;
import static dev.fanfare.hub.Logs.event;
import static dev.fanfare.hub.Logs.follow;
import static dev.fanfare.hub.Logs.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Followed;
import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Logs;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.TestClock;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.stream.Event;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Several nodes on one server, and what they do when it fails them. */
class NodesTest {

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

    @Test
    void whatOneNodeAppendsAllFollowAndReadWithTheSamePositions() {
        try (RedisLog one = server.open("shared", AMPLE, null);
                RedisLog two = server.open("shared", AMPLE, null)) {
            List<Stored> onTwo = follow(two, get(two.tail()));
            List<Long> positions = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                positions.add(append(i % 2 == 0 ? one : two, "a", "e" + i));
            }
            await().until(() -> onTwo.size() == 20);

            assertThat(onTwo).extracting(Stored::position).isEqualTo(positions);
            assertThat(positions).isSorted();
            for (RedisLog log : List.of(one, two)) {
                Page page = get(log.read(Reading.of(Selection.of("a"), positions.get(9), 100, 1 << 20)));
                assertThat(page.entries()).isEqualTo(onTwo.subList(10, 20));
                assertThat(page.gap()).isNull();
            }
        }
    }

    @Test
    void positionsAreOfTheServersTime() {
        try (RedisLog log = server.open(AMPLE, null)) {
            long before = System.currentTimeMillis();
            long position = append(log, "a", "1");
            assertThat(Position.millis(position)).isBetween(before - 1, System.currentTimeMillis() + 1);
        }
    }

    @Test
    void appendsOnConnectionsThatBreakAreStoredOnceAndInOrder() throws Exception {
        try (RedisLog log = server.open(AMPLE, null);
                RedisClient admin = RedisClient.create(server.uri())) {
            RedisCommands<String, String> commands = admin.connect().sync();
            follow(log, get(log.tail()));
            List<Integer> acknowledged = new ArrayList<>();
            for (int round = 0; round < 6; round++) {
                List<CompletableFuture<long[]>> stages = new ArrayList<>();
                for (int i = 0; i < 1_000; i++) {
                    int number = round * 1_000 + i;
                    stages.add(log.append(List.of(event("a", Integer.toString(number))))
                            .toCompletableFuture());
                }
                stages.get(100).get(20, TimeUnit.SECONDS);
                commands.clientKill(KillArgs.Builder.typeNormal().skipme(true));
                for (int i = 0; i < stages.size(); i++) {
                    int number = round * 1_000 + i;
                    stages.get(i)
                            .handle((position, failure) -> position == null || acknowledged.add(number))
                            .get(20, TimeUnit.SECONDS);
                }
                await().ignoreExceptions().until(() -> append(log, "b", "back") > 0);
            }
            List<Integer> stored = new ArrayList<>();
            await().ignoreExceptions().until(() -> get(log.tail()) > 0);
            long after = Position.START;
            for (boolean more = true; more; ) {
                Page page = get(log.read(Reading.of(Selection.of("a"), after, 1_000, 1 << 24)));
                page.entries()
                        .forEach(entry -> stored.add(Integer.parseInt(
                                ((Publication) entry.entry()).event().data())));
                after = page.scannedTo();
                more = page.more();
            }

            System.out.println("acknowledged " + acknowledged.size() + ", stored " + stored.size() + " of 6000");
            assertThat(acknowledged).isNotEmpty();
            assertThat(stored).doesNotHaveDuplicates().isSorted().containsAll(acknowledged);
        }
    }

    @Test
    void aServerThatForgotItsScriptsIsToldThemAgain() {
        try (RedisLog log = server.open(AMPLE, null);
                RedisClient admin = RedisClient.create(server.uri())) {
            append(log, "a", "0");
            admin.connect().sync().scriptFlush();
            List<CompletableFuture<long[]>> stages = new ArrayList<>();
            for (int i = 1; i <= 100; i++) {
                stages.add(log.append(List.of(event("a", Integer.toString(i)))).toCompletableFuture());
            }
            stages.forEach(Logs::get);
            assertThat(data(log, "a")).hasSize(101).endsWith("98", "99", "100");
        }
    }

    @Test
    void aServerThatIsAwayRefusesAppendsAndReadsAndFollowersGoOnWhereTheyWere() {
        try (RedisServer own = new RedisServer("--appendonly", "yes", "--appendfsync", "always");
                RedisLog log = own.open(AMPLE, null)) {
            List<Stored> followed = follow(log, get(log.tail()));
            append(log, "a", "before");
            own.kill();

            await().until(() -> isUnavailable(log.append(List.of(event("a", "meanwhile")))));
            assertThat(isUnavailable(log.read(Reading.of(Selection.of("a"), Position.START, 10, 1 << 20))))
                    .isTrue();
            own.startAgain();
            await().ignoreExceptions().until(() -> append(log, "a", "after") > 0);
            assertThat(data(log, "a")).startsWith("before").endsWith("after");
            await().until(() -> followed.size() == data(log, "a").size());
        }
    }

    @Test
    void aServerThatStandsStillRefusesInTimeAndThenGoesOn() {
        try (RedisServer own = new RedisServer();
                RedisLog log = RedisLog.open(own.settings("still", Duration.ofMillis(300)), AMPLE)) {
            List<Stored> followed = follow(log, get(log.tail()));
            append(log, "a", "before");
            own.signal("STOP");
            try {
                assertThat(isUnavailable(log.append(List.of(event("a", "meanwhile")))))
                        .isTrue();
                long begin = System.nanoTime();
                assertThat(isUnavailable(log.append(List.of(event("a", "at once")))))
                        .isTrue();
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMillis(250));
            } finally {
                own.signal("CONT");
            }
            await().ignoreExceptions().until(() -> append(log, "a", "after") > 0);
            assertThat(data(log, "a")).startsWith("before").endsWith("after").doesNotContain("at once");
            await().until(() -> followed.size() == data(log, "a").size());
        }
    }

    @Test
    void whatTheServerHasLostIsTold() {
        try (RedisServer own = new RedisServer();
                RedisLog log = own.open(AMPLE, null)) {
            Followed followed = Followed.of(log, get(log.tail()));
            long seen = append(log, "a", "gone");
            own.kill();
            own.startAgain(); // with nothing
            await().ignoreExceptions().until(() -> append(log, "a", "new") > seen);
            await().until(() -> followed.lost.stream().anyMatch(position -> position > seen));

            Page page = get(log.read(Reading.of(Selection.of("a"), seen, 10, 1 << 20)));
            assertThat(page.gap()).isNotNull().extracting(Gap::reason).isEqualTo(Gap.Reason.LOG_LOST);
        }
    }

    @Test
    void anEventThatTakesTheVeryPlaceOfOneThatIsLostDoesNotGoUnseen() {
        TestClock clock = new TestClock(1_763_683_200_000L); // as that of a replica that is behind
        try (RedisLog one = server.open("torn", AMPLE, clock);
                RedisLog two = server.open("torn", AMPLE, clock)) {
            append(one, "a", "kept");
            long kept = get(one.tail());
            String tag = server.command("HGET", "{torn}:meta", "tag");
            Followed onOne = Followed.of(one, kept);
            long gone = append(one, "a", "gone");
            // as a replica that had not heard of the last entry, nor has the node that appends there
            server.command("XDEL", "{torn}:log", Position.text(gone));
            server.command("XSETID", "{torn}:log", Position.text(kept));
            server.command("ZREM", "{torn}:topic:a", Reply.hex(gone));
            server.command("HSET", "{torn}:meta", "last", Reply.hex(kept), "tag", tag);
            assertThat(append(two, "a", "next")).isEqualTo(gone);

            await().until(() -> onOne.lost.stream().anyMatch(position -> position > gone));
            Page page = get(two.read(Reading.of(Selection.of("a"), gone, 10, 1 << 20)));
            assertThat(page.gap()).isNotNull().extracting(Gap::reason).isEqualTo(Gap.Reason.LOG_LOST);
            long after = append(one, "a", "after");
            assertThat(after).isGreaterThan(gone);
            await().until(() -> onOne.entries.size() >= 2);
            assertThat(onOne.entries).extracting(Stored::position).isSorted().endsWith(after);
        }
    }

    @Test
    void nothingIsLeftOfTopicsThatHaveNothing() {
        Retention brief =
                new Retention(Duration.ofSeconds(1), 1 << 30, Long.MAX_VALUE, false, 1_000_000, Duration.ofSeconds(1));
        try (RedisLog log = server.open("empty", brief, null);
                RedisClient admin = RedisClient.create(server.uri())) {
            for (int i = 0; i < 2_000; i += 100) {
                List<Entry> some = new ArrayList<>();
                for (int j = i; j < i + 100; j++) {
                    some.add(new Publication(
                            List.of(Topic.of("t/" + j)), Event.message("x").withId("id" + j), "key" + j));
                }
                some.add(new TopicDeleted(Topic.of("t/" + i)));
                get(log.append(some));
            }
            RedisCommands<String, String> commands = admin.connect().sync();
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(commands.keys("{empty}:*").stream()
                                    .filter(key -> !key.startsWith("{empty}:calls:")))
                            .containsExactlyInAnyOrder("{empty}:meta", "{empty}:log", "{empty}:retention"));
            assertThat(commands.xlen("{empty}:log")).isZero();
            assertThat(get(log.size()).bytes()).isZero();
        }
    }

    @Test
    void aServerThatDropsKeysIsRefused() {
        try (RedisServer own = new RedisServer("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")) {
            assertThatThrownBy(() -> own.open(AMPLE, null))
                    .isInstanceOf(RedisLogException.class)
                    .hasMessageContaining("maxmemory-policy allkeys-lru")
                    .hasMessageContaining("CONFIG SET maxmemory-policy noeviction")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void aFullServerRefusesAppendsAndKeepsWhatItHasUntilRetentionMakesRoom() {
        try (RedisServer own = new RedisServer("--maxmemory", "6mb");
                RedisLog log = own.open("full", AMPLE, null)) {
            List<Long> stored = new ArrayList<>();
            AppendRefused refused = null;
            while (refused == null) {
                try {
                    stored.add(append(log, "a", "x".repeat(100_000)));
                } catch (AppendRefused full) {
                    refused = full;
                }
            }
            assertThat(refused.reason()).isEqualTo(AppendRefused.Reason.NO_ROOM);
            assertThat(refused).hasMessageContaining("maxmemory");
            assertThat(get(log.size()).events()).isEqualTo(stored.size());
            assertThat(get(log.tail())).isEqualTo(stored.get(stored.size() - 1));

            log.close(); // one node retains for all, and with its own settings
            Retention less = new Retention(Duration.ofDays(1), 1 << 20, Long.MAX_VALUE, false, 100, Duration.ZERO);
            try (RedisLog lower = own.open("full", less, null)) {
                await().ignoreExceptions().until(() -> append(lower, "a", "there is room again") > 0);
            }
        }
    }

    @Test
    void aMasterThatIsToHaveReplicasRefusesAppendsAndNoMoreWhenItNeedsNone() {
        try (RedisServer own = new RedisServer();
                RedisLog log = own.open(AMPLE, null)) {
            append(log, "a", "before");
            own.command("CONFIG", "SET", "min-replicas-to-write", "1");
            assertThat(isUnavailable(log.append(List.of(event("a", "refused")))))
                    .isTrue();
            own.command("CONFIG", "SET", "min-replicas-to-write", "0");
            append(log, "a", "after");
            assertThat(data(log, "a")).containsExactly("before", "after");
        }
    }

    @Test
    void anAppendThatTheServerLosesBeforeItIsGivenIsNotAcknowledged() {
        try (RedisServer own = new RedisServer();
                RedisLog log = own.open("losing", AMPLE, null);
                RedisClient admin = RedisClient.create(own.uri())) {
            RedisCommands<String, String> commands = admin.connect().sync();
            follow(log, get(log.tail()));
            for (int tries = 1; ; tries++) { // it may have been given already, as it is soon
                long before = commands.xlen("{losing}:log");
                awaitReads(commands);
                commands.clientList()
                        .lines()
                        .filter(NodesTest::reads)
                        .map(line -> Long.valueOf(line.replaceAll("^id=(\\d+) .*", "$1")))
                        .forEach(id -> commands.clientKill(KillArgs.Builder.id(id)));
                CompletableFuture<long[]> append =
                        log.append(List.of(event("a", "lost"))).toCompletableFuture();
                await().pollInterval(Duration.ofMillis(1)).until(() -> commands.xlen("{losing}:log") > before);
                boolean given = append.isDone();
                commands.flushall();
                if (!given) {
                    assertThat(isUnavailable(append)).isTrue();
                    break;
                }
                assertThat(tries).isLessThan(50);
            }
            await().ignoreExceptions().until(() -> append(log, "a", "again") > 0);
            assertThat(data(log, "a")).contains("again").doesNotContain("lost");
        }
    }

    private static void awaitReads(RedisCommands<String, String> commands) {
        await().until(() -> commands.clientList().lines().anyMatch(NodesTest::reads));
    }

    private static boolean reads(String client) {
        return client.contains(" cmd=xread ");
    }

    @Test
    void aHubOfALaterFormatIsRefused() {
        try (RedisLog log = server.open("later", AMPLE, null);
                RedisClient admin = RedisClient.create(server.uri())) {
            append(log, "a", "1");
            admin.connect().sync().hset("{later}:meta", "format", "2");
            assertThatThrownBy(() -> server.open("later", AMPLE, null))
                    .isInstanceOf(RedisLogException.class)
                    .hasMessageContaining("hub 'later' has format 2");
        }
    }

    @Test
    void noServerIsOneClearLine() {
        assertThatThrownBy(() -> RedisLog.open(
                        RedisSettings.of("redis://127.0.0.1:1").withTimeout(Duration.ofSeconds(1)), AMPLE))
                .isInstanceOf(RedisLogException.class)
                .hasMessageContaining("Redis at 127.0.0.1:1")
                .hasMessageNotContaining("\n");
    }

    private static boolean isUnavailable(CompletionStage<?> stage) {
        try {
            get(stage);
            return false;
        } catch (AppendRefused refused) {
            return refused.reason() == AppendRefused.Reason.UNAVAILABLE;
        }
    }
}
