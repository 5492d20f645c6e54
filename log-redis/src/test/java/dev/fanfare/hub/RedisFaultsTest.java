package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.RecordingSink.Received;
import dev.fanfare.redis.RedisLog;
import dev.fanfare.redis.RedisServer;
import dev.fanfare.redis.RedisSettings;
import dev.fanfare.redis.TcpProxy;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a server can do to the nodes on it, with the books of all their streams. */
class RedisFaultsTest {

    private static final boolean LONG = Boolean.getBoolean("fanfare.long");
    private static final Duration TIMEOUT = Duration.ofMillis(500);
    private static final String[] KEEPS_ALL = {"--appendonly", "yes", "--appendfsync", "always"};

    private final Books books = new Books();

    private static TestHub node(RedisSettings settings) {
        return node(settings, Retention.DEFAULT);
    }

    private static TestHub node(RedisSettings settings, Retention retention) {
        return new TestHub(RedisLog.open(settings, retention), TestHub.SETTINGS);
    }

    private static RedisSettings through(TcpProxy proxy) {
        return RedisSettings.of(proxy.uri()).withTimeout(TIMEOUT);
    }

    private static RedisSettings on(RedisServer server) {
        return RedisSettings.of(server.uri()).withTimeout(TIMEOUT);
    }

    private static void pass(Duration time) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
    }

    private List<Received> gaps() {
        return books.streams().stream()
                .flatMap(stream -> stream.sink().ofType("fanfare-gap").stream())
                .toList();
    }

    @Test
    void aServerThatIsStoppedAndStartedAgainLosesNothingOfWhatItKeeps() throws Exception {
        try (RedisServer server = new RedisServer(KEEPS_ALL);
                TestHub one = node(on(server));
                TestHub two = node(on(server))) {
            books.open(one, "a");
            books.open(two, "a");
            Subscription brief = Subscription.to("quiet");
            TestHub.Stream quiet = one.open(new Subscription(
                    brief.selection(),
                    brief.start(),
                    null,
                    brief.form(),
                    brief.slow(),
                    Duration.ofSeconds(1),
                    false,
                    brief.retry(),
                    true));
            Books.Publisher publisher = books.publishOn(one, "a");
            Books.Publisher other = books.publishOn(two, "b");
            int comments = quiet.sink().comments();
            books.fault();
            server.kill();
            pass(LONG ? Duration.ofSeconds(10) : Duration.ofSeconds(2));
            assertThat(quiet.sink().comments()).as("heartbeats").isGreaterThan(comments);
            server.startAgain();
            publisher.awaitMore(50);
            other.awaitMore(50);

            books.balance();
            assertThat(publisher.refusals()).isPositive();
            assertThat(gaps()).isEmpty();
        }
    }

    @Test
    void aServerThatStandsStillBeyondTheTimeoutsLosesNothing() throws Exception {
        try (RedisServer server = new RedisServer();
                TestHub one = node(on(server));
                TestHub two = node(on(server))) {
            books.open(one, "a");
            books.open(two, "a");
            Books.Publisher publisher = books.publishOn(one, "a");
            books.fault();
            server.signal("STOP");
            pass(LONG ? Duration.ofSeconds(10) : TIMEOUT.multipliedBy(3));
            server.signal("CONT");
            publisher.awaitMore(50);

            books.balance();
            assertThat(publisher.refusals()).isPositive();
            assertThat(gaps()).isEmpty();
        }
    }

    @Test
    void connectionsCutInTheMiddleOfRepliesLoseAndDoubleNothing() throws Exception {
        long seed = System.nanoTime();
        System.out.println("RedisFaultsTest.connectionsCutInTheMiddleOfReplies seed " + seed);
        Random random = new Random(seed);
        try (RedisServer server = new RedisServer();
                TcpProxy proxy = new TcpProxy(server.port());
                TestHub one = node(through(proxy));
                TestHub two = node(on(server))) {
            books.open(one, "a");
            books.open(two, "a");
            Books.Publisher publisher = books.publishOn(one, "a");
            Books.Publisher other = books.publishOn(two, "b");
            int cuts = LONG ? 300 : 12;
            for (int i = 1; i <= cuts; i++) {
                proxy.cutAfter(random.nextInt(2_000));
                int expected = i;
                await().pollInterval(Duration.ofMillis(2)).until(() -> proxy.cuts() >= expected);
                publisher.awaitMore(random.nextInt(10));
            }
            other.awaitMore(1);

            books.balance();
            assertThat(gaps()).isEmpty();
        }
    }

    @Test
    void whatAServerHasLostIsToldThoughAnotherNodeAppendedFirst() throws Exception {
        try (RedisServer server = new RedisServer();
                TcpProxy proxy = new TcpProxy(server.port());
                TestHub one = node(through(proxy));
                TestHub two = node(on(server))) {
            books.open(one, "a");
            books.open(two, "a");
            Books.Publisher publisher = books.publishOn(one, "a");
            server.command("SAVE");
            publisher.awaitMore(50);
            proxy.leadTo(1); // nobody there
            await().until(() -> isAt(two, publisher.newest()));
            books.fault();
            server.kill();
            server.startAgain(); // with what was saved
            long lost = publisher.newest();
            List<String> ended = new CopyOnWriteArrayList<>();
            one.hub.onEnd(Topic.of("ends"), () -> ended.add("ends"));
            Books.Publisher other = books.publishOn(two, "a");
            assertThat(other.newest()).as("ids run on").isGreaterThan(lost);
            two.hub
                    .end(Topic.of("ends"), TopicEnded.Reason.DONE)
                    .toCompletableFuture()
                    .join();
            proxy.leadTo(server.port());
            publisher.awaitMore(20);

            books.balance();
            assertThat(gaps())
                    .hasSize(4)
                    .allSatisfy(gap -> assertThat(gap.data()).contains("log-lost"));
            await().untilAsserted(() -> assertThat(ended).containsExactly("ends"));
        }
    }

    private static boolean isAt(TestHub node, long position) {
        return node.loop.at() >= position;
    }

    @Test
    void aServerThatBeginsWithNothingIsTold() throws Exception {
        try (RedisServer server = new RedisServer();
                TestHub one = node(on(server));
                TestHub two = node(on(server))) {
            books.open(one, "a");
            books.open(two, "a");
            Books.Publisher publisher = books.publishOn(one, "a");
            books.fault();
            server.kill();
            server.startAgain();
            publisher.awaitMore(50);

            books.balance();
            assertThat(gaps())
                    .hasSize(4)
                    .allSatisfy(gap -> assertThat(gap.data()).contains("log-lost"));
        }
    }

    @Test
    void aNodeThatFallsBehindTheTrimmedStreamTellsItsStreams() throws Exception {
        Retention little =
                new Retention(Duration.ofHours(1), 30_000, Long.MAX_VALUE, false, 1_000, Duration.ofMillis(1));
        try (RedisServer server = new RedisServer();
                TcpProxy proxy = new TcpProxy(server.port());
                TestHub slow = node(through(proxy), little);
                TestHub two = node(on(server), little)) {
            books.open(slow, "a");
            Books.Publisher publisher = books.publishOn(two, "a");
            proxy.hold();
            long trimmed = publisher.newest();
            publisher.awaitMore(100);
            await().until(() -> oldest(two) > trimmed);
            proxy.letGo();

            books.balance();
            assertThat(gaps())
                    .isNotEmpty()
                    .allSatisfy(gap -> assertThat(gap.data()).contains("expired"));
        }
    }

    private static long oldest(TestHub node) {
        return node.log
                .read(Reading.of(Selection.of("**"), Position.START, 1, 1))
                .toCompletableFuture()
                .join()
                .entries()
                .get(0)
                .position();
    }

    @Test
    void whatAReplicaThatIsPromotedHasNotIsToldThoughItsClockIsBehind() throws Exception {
        try (RedisServer master = new RedisServer("--repl-diskless-sync-delay", "0");
                TcpProxy link = new TcpProxy(master.port());
                RedisServer replica = new RedisServer("--replicaof", "127.0.0.1 " + link.port());
                TcpProxy proxy = new TcpProxy(master.port())) {
            await().until(() -> replica.command("INFO", "replication").contains("master_link_status:up"));
            TestClock clock = new TestClock(System.currentTimeMillis());
            try (TestHub one = new TestHub(RedisLog.open(through(proxy), Retention.DEFAULT, clock), TestHub.SETTINGS);
                    TestHub two =
                            new TestHub(RedisLog.open(through(proxy), Retention.DEFAULT, clock), TestHub.SETTINGS)) {
                books.open(one, "a");
                books.open(two, "a");
                Books.Publisher publisher = books.publishOn(one, "a");
                Books.Publisher other = books.publishOn(two, "b");
                await().until(() -> replica.command("EXISTS", "{default}:log").equals("1"));
                link.hold(); // what the replica is not told, it will not have
                publisher.awaitMore(50);
                other.awaitMore(50);
                books.fault();
                master.kill();
                clock.advance(Duration.ofSeconds(-60));
                link.cut();
                replica.command("REPLICAOF", "NO", "ONE");
                proxy.leadTo(replica.port());
                publisher.awaitMore(50);
                other.awaitMore(50);

                books.balance();
                assertThat(gaps())
                        .isNotEmpty()
                        .allSatisfy(gap -> assertThat(gap.data()).contains("log-lost"));
            }
        }
    }
}
