package dev.fanfare.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.IngressCounts;
import dev.fanfare.hub.IngressCounts.Outcome;
import dev.fanfare.hub.Lines;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.stream.Event;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What others publish to channels becomes events, once at most, whichever node brings it in. */
class IngressTest {

    private static final Ingress.Mapping AS_IT_IS = (channel, message) -> {
        String text = new String(message, StandardCharsets.UTF_8);
        if (text.startsWith("bad")) {
            throw new BadMessage(Outcome.INVALID, "it is bad");
        }
        return Publication.of("in", Event.message(text));
    };

    private static final AtomicInteger HUBS = new AtomicInteger();

    @SuppressWarnings("NullAway.Init") // JUnit calls start
    private static RedisServer server;

    private final String hub = "ingress-" + HUBS.incrementAndGet();

    @BeforeAll
    static void start() {
        server = new RedisServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private RedisLog open() {
        return server.open(hub, Retention.DEFAULT, null);
    }

    private static IngressCounts bridge(RedisLog log, long mostBytes, Ingress.Mapping mapping) {
        IngressCounts counts = new IngressCounts();
        log.ingress(Set.of("in", "in:too"), mostBytes, mapping, counts);
        return counts;
    }

    private static IngressCounts bridge(RedisLog log) {
        return bridge(log, 16 << 20, AS_IT_IS);
    }

    private static List<String> events(EventLog log) {
        List<String> data = new ArrayList<>();
        long after = Position.START;
        for (boolean more = true; more; ) {
            Page page = log.read(Reading.of(Selection.of("in"), after, 1_000, 1 << 24))
                    .toCompletableFuture()
                    .join();
            page.entries()
                    .forEach(stored ->
                            data.add(((Publication) stored.entry()).event().data()));
            after = page.scannedTo();
            more = page.more();
        }
        return data;
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(Integer::toString).toList();
    }

    @Test
    void whatIsPublishedToAChannelIsAnEventOnceThoughEveryNodeIsToldToBridgeIt() {
        try (RedisLog one = open();
                RedisLog two = open();
                RedisCli cli = new RedisCli(server)) {
            IngressCounts ofOne = bridge(one);
            IngressCounts ofTwo = bridge(two);
            await().until(() -> ofOne.active() || ofTwo.active());
            for (int i = 0; i < 500; i++) {
                cli.publish(i % 2 == 0 ? "in" : "in:too", Integer.toString(i));
            }

            await().until(() -> ofOne.sum(Outcome.PUBLISHED) + ofTwo.sum(Outcome.PUBLISHED) == 500);
            assertThat(events(one)).isEqualTo(numbers(0, 500));
            assertThat(events(two)).isEqualTo(numbers(0, 500));
            assertThat(ofOne.active()).isNotEqualTo(ofTwo.active());
        }
    }

    @Test
    void aNodeThatIsKilledIsFollowedByAnotherWithinTwoSeconds() {
        try (RedisLog log = open();
                BridgingNode one = new BridgingNode(server, hub);
                BridgingNode two = new BridgingNode(server, hub);
                Publisher publisher = new Publisher()) {
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> one.isUp() && two.isUp() && (one.isActive() || two.isActive()));
            BridgingNode first = one.isActive() ? one : two;
            int begin = publisher.sent();
            await().until(() -> publisher.sent() >= begin + 100);
            await().until(() -> events(log).contains(Integer.toString(begin + 50)));
            long killed = System.nanoTime();
            first.signal("KILL");
            (first == one ? two : one).awaitActive();
            int later = publisher.sent();
            await().until(() -> events(log).contains(Integer.toString(later)));

            List<Integer> brought = events(log).stream().map(Integer::valueOf).toList();
            List<Integer> firstsAfterAHole = afterHoles(brought);
            assertThat(brought).isSorted().doesNotHaveDuplicates();
            assertThat(firstsAfterAHole).as("one hole, where the node died").hasSize(1);
            int next = firstsAfterAHole.get(0);
            Duration without = Duration.ofNanos(publisher.sentAt(next) - killed);
            System.out.println("without a bridge for " + without.toMillis() + " ms");
            assertThat(without).isLessThan(Duration.ofSeconds(2));
        }
    }

    @Test
    void aNodeThatStoodStillPublishesNothingTwice() {
        try (RedisLog log = open();
                BridgingNode one = new BridgingNode(server, hub);
                Publisher publisher = new Publisher()) {
            one.awaitActive();
            try (BridgingNode two = new BridgingNode(server, hub)) {
                int begin = publisher.sent();
                await().until(() -> events(log).contains(Integer.toString(begin)));
                one.signal("STOP");
                two.awaitActive();
                int meanwhile = publisher.sent();
                await().until(() -> events(log).contains(Integer.toString(meanwhile)));
                one.signal("CONT");
                await().until(() -> !one.isActive());
                int later = publisher.sent();
                await().until(() -> events(log).contains(Integer.toString(later)));

                List<Integer> brought =
                        events(log).stream().map(Integer::valueOf).toList();
                System.out.println("refused when it went on: " + one.fenced());
                assertThat(brought).isSorted().doesNotHaveDuplicates();
                assertThat(afterHoles(brought))
                        .as("one hole, where it stood still")
                        .hasSize(1);
            }
        }
    }

    /** The numbers before which some are missing. */
    private static List<Integer> afterHoles(List<Integer> numbers) {
        return IntStream.range(1, numbers.size())
                .filter(i -> numbers.get(i) != numbers.get(i - 1) + 1)
                .mapToObj(numbers::get)
                .toList();
    }

    @Test
    void whatComesUnderALeaseThatAnotherNodeHasTakenIsRefusedByTheScript() {
        try (RedisLog log = open();
                RedisCli cli = new RedisCli(server)) {
            IngressCounts counts = bridge(log);
            await().until(counts::active);
            cli.publish("in", "before");
            await().until(() -> events(log).contains("before"));
            await().until(() -> {
                cli.send("MULTI");
                cli.send("HSET {" + hub + "}:ingress lease '99 another' ends " + (System.currentTimeMillis() + 30_000));
                cli.publish("in", "late");
                cli.send("EXEC");
                return counts.sum(Outcome.FENCED) > 0;
            });
            await().until(() -> !counts.active());
            assertThat(events(log)).containsExactly("before");

            cli.send("HSET {" + hub + "}:ingress ends 0");
            await().until(counts::active);
            cli.publish("in", "after");
            await().until(() -> events(log).contains("after"));
            assertThat(events(log)).containsExactly("before", "after");
        }
    }

    @Test
    void aNodeThatClosesLetsAnotherFollowAtOnceAndLosesNothingThatItWasGiven() {
        try (RedisLog log = open();
                RedisCli cli = new RedisCli(server)) {
            IngressCounts counts;
            IngressCounts ofNext;
            try (RedisLog closing = open()) {
                counts = bridge(closing);
                await().until(counts::active);
                ofNext = bridge(log);
                for (int i = 0; i < 200; i++) {
                    cli.publish("in", Integer.toString(i));
                }
                await().until(() -> counts.sum(Outcome.PUBLISHED) > 0);
            }
            long begin = System.nanoTime();
            await().until(ofNext::active);
            Duration until = Duration.ofNanos(System.nanoTime() - begin);

            assertThat(until).isLessThan(Duration.ofSeconds(1));
            assertThat(counts.active()).isFalse();
            List<String> brought = events(log);
            assertThat(brought).isEqualTo(numbers(0, brought.size()));
            assertThat(counts.sum(Outcome.PUBLISHED)).isEqualTo(brought.size());
        }
    }

    @Test
    void badMessagesAreCountedAndTheNextOneIsTaken() {
        try (RedisLog log = open();
                RedisCli cli = new RedisCli(server)) {
            IngressCounts counts = bridge(log, 1 << 20, (channel, message) -> {
                if (message.length == 0) {
                    throw new IllegalStateException("a mapping that fails");
                }
                return AS_IT_IS.publication(channel, message);
            });
            await().until(counts::active);
            cli.publish("in", "bad");
            cli.publish("in", "");
            cli.publish("in", "good");

            await().until(() -> counts.sum(Outcome.PUBLISHED) == 1);
            assertThat(counts.sum(Outcome.INVALID)).isEqualTo(2);
            assertThat(events(log)).containsExactly("good");
        }
    }

    @Test
    void whatTheLogRefusesIsCounted() {
        Retention oneTopic =
                new Retention(Duration.ofDays(1), 1 << 30, Long.MAX_VALUE, false, 1, Duration.ofMinutes(10));
        try (RedisLog log = server.open(hub, oneTopic, null);
                RedisCli cli = new RedisCli(server)) {
            log.append(List.of(Publication.of("only", Event.message("x"))))
                    .toCompletableFuture()
                    .join();
            IngressCounts counts = bridge(log);
            await().until(counts::active);
            cli.publish("in", "one topic too many");

            await().until(() -> counts.sum(Outcome.REFUSED) == 1);
            assertThat(events(log)).isEmpty();
        }
    }

    @Test
    void whatTheLogDoesNotTakeInTimeIsDroppedAndCountedAndMemoryStaysBounded() {
        CountDownLatch slow = new CountDownLatch(1);
        try (RedisLog log = open();
                RedisCli cli = new RedisCli(server)) {
            IngressCounts counts = bridge(log, 100_000, (channel, message) -> {
                try {
                    slow.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return AS_IT_IS.publication(channel, message);
            });
            await().until(counts::active);
            for (int i = 0; i < 200; i++) {
                cli.publish("in", i + "x".repeat(9_500 - Integer.toString(i).length())); // with 500 bytes more each
            }
            await().until(() -> counts.sum(Outcome.DROPPED) == 190);
            slow.countDown();
            await().until(() -> counts.sum(Outcome.PUBLISHED) == 10);
            assertThat(events(log)).extracting(data -> data.replace("x", "")).containsExactlyElementsOf(numbers(0, 10));

            cli.publish("in", "there is room again");
            await().until(() -> counts.sum(Outcome.PUBLISHED) == 11);
        }
    }

    @Test
    void aConnectionThatIsCutComesBack() {
        try (RedisLog log = open();
                RedisCli cli = new RedisCli(server)) {
            IngressCounts counts = bridge(log);
            await().until(counts::active);
            cli.send("CLIENT KILL TYPE pubsub");
            await().pollInterval(Duration.ofMillis(20)).until(() -> {
                cli.publish("in", "again");
                return counts.sum(Outcome.PUBLISHED) > 0;
            });
        }
    }

    @Test
    void aServerThatBeganAnewIsSubscribedToAnew() {
        try (RedisServer own = new RedisServer();
                RedisLog log = own.open("anew", Retention.DEFAULT, null)) {
            IngressCounts counts = bridge(log);
            await().until(counts::active);
            own.kill();
            own.startAgain();
            try (RedisCli cli = new RedisCli(own)) {
                await().pollInterval(Duration.ofMillis(50)).until(() -> {
                    cli.publish("in", "after");
                    return counts.sum(Outcome.PUBLISHED) > 0;
                });
            }
            assertThat(events(log)).contains("after");
        }
    }

    /** Publishes numbers from 0 on, one each few milliseconds, and remembers when. */
    private static final class Publisher implements AutoCloseable {

        private final RedisCli cli = new RedisCli(server);
        private final List<Long> times = new ArrayList<>();
        private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();

        Publisher() {
            thread.scheduleAtFixedRate(this::publish, 0, 5, TimeUnit.MILLISECONDS);
        }

        private synchronized void publish() {
            cli.publish("in", Integer.toString(times.size()));
            times.add(System.nanoTime());
        }

        synchronized int sent() {
            return times.size();
        }

        synchronized long sentAt(int number) {
            return times.get(number);
        }

        @Override
        public void close() {
            thread.shutdown();
            cli.close();
        }
    }

    @Test
    void aServerThatRefusesTheSubscriptionIsSaidOnceAndBridgedWhenItAllowsIt() {
        server.command("ACL", "SETUSER", "deaf", "on", ">word", "~*", "+@all", "resetchannels", "&{" + hub + "}:*");
        String uri = server.uri().replace("//", "//deaf:word@");
        try (Lines lines = Lines.of(Ingress.class);
                RedisLog log = RedisLog.open(RedisSettings.of(uri).withHub(hub), Retention.DEFAULT)) {
            IngressCounts counts = bridge(log);
            await().untilAsserted(() ->
                    assertThat(lines.all()).anySatisfy(line -> assertThat(line).contains("refuses", "NOPERM")));
            await().during(Duration.ofSeconds(1)).until(() -> lines.all().size() == 1 && !counts.active());
            server.command("ACL", "SETUSER", "deaf", "&in", "&in:too");
            await().until(counts::active);
        }
    }
}
