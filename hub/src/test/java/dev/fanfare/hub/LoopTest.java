package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.TestHub.Stream;
import dev.fanfare.stream.Event;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a loop withstands: sinks that throw, logs that fail or answer late, cursors closed at any moment. */
class LoopTest {

    @Test
    void nothingOfACursorStaysInTheIndexOnceItIsClosed() {
        try (TestHub hub = memory(TestHub.SETTINGS)) {
            List<Stream> streams = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                streams.add(hub.open(Subscription.to("a/" + i % 7, "b/*/" + i % 5, "c/**")));
            }
            streams.get(3).sink().block();
            hub.publish("c/x", "1");
            hub.passed();
            assertThat(hub.loop.cursors()).isEqualTo(200);
            hub.onLoop(() -> streams.forEach(stream -> stream.cursor().close()));
            hub.publish("c/x", "2");
            hub.passed();

            assertThat(hub.loop.cursors()).isZero();
            assertThat(hub.onLoop(hub.loop.index::isEmpty)).isTrue();
            List<Cursor> left = new ArrayList<>();
            hub.onLoop(() -> hub.loop.forEach(left::add));
            assertThat(left).isEmpty();
            assertThat(streams).noneMatch(stream -> stream.sink().data().contains("2"));
        }
    }

    @Test
    void aSinkThatThrowsLosesOnlyItself() {
        try (TestHub hub = memory(TestHub.SETTINGS)) {
            List<Stream> streams = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                streams.add(hub.open(Subscription.to(i == 0 ? "b" : "a")));
            }
            RecordingSink broken = new RecordingSink() {
                @Override
                public synchronized int write(Batch batch) {
                    int taken = super.write(batch);
                    if (!data().isEmpty()) {
                        throw new IllegalStateException("made to fail");
                    }
                    return taken;
                }
            };
            hub.open(Subscription.to("a"), broken);
            for (int i = 5; i < 10; i++) {
                streams.add(hub.open(Subscription.to("a")));
            }
            hub.publish(new Publication(List.of(Topic.of("a"), Topic.of("b")), Event.message("1"), null));
            hub.publish("a", "2");
            hub.publish("@all", "3");

            streams.get(0).awaitData("1", "3");
            for (Stream stream : streams.subList(1, streams.size())) {
                stream.awaitData("1", "2", "3");
            }
            await().until(() -> hub.loop.cursors() == 10);
            assertThat(broken.data()).startsWith("1");
            assertThat(broken.writes())
                    .as("the open event, and the one that failed")
                    .isEqualTo(2);
            assertThat(broken.ended()).isTrue();
        }
    }

    @Test
    void aSinkThatThrowsAtAHeartbeatDoesNotStopTheOthers() {
        try (TestHub hub = memory(TestHub.SETTINGS)) {
            AtomicInteger writes = new AtomicInteger();
            RecordingSink broken = new RecordingSink() {
                @Override
                public synchronized int write(Batch batch) {
                    int taken = super.write(batch);
                    if (writes.incrementAndGet() > 1) {
                        throw new IllegalStateException("made to fail");
                    }
                    return taken;
                }
            };
            hub.open(heartbeat(1, false), broken);
            Stream stream = hub.open(heartbeat(1, false));
            await().until(() -> stream.sink().comments() >= 3);
            assertThat(hub.loop.cursors()).isEqualTo(1);
        }
    }

    @Test
    void aSinkThatClosesItsCursorWhileItIsWrittenToDisturbsNobody() {
        try (TestHub hub = memory(TestHub.SETTINGS)) {
            List<Stream> streams = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                boolean closes = i % 2 == 0;
                List<Cursor> own = new ArrayList<>();
                RecordingSink sink = new RecordingSink() {
                    @Override
                    public synchronized int write(Batch batch) {
                        int taken = super.write(batch);
                        if (closes && !own.isEmpty()) {
                            own.get(0).close();
                        }
                        return taken;
                    }
                };
                Stream stream = hub.open(Subscription.to(i < 10 ? "a" : "b" + i, "a"), sink);
                hub.onLoop(() -> own.add(stream.cursor()));
                if (!closes) {
                    streams.add(stream);
                }
            }
            for (String data : List.of("1", "2", "3")) {
                hub.publish(data.equals("2") ? "@all" : "a", data);
            }
            streams.forEach(stream -> stream.awaitData("1", "2", "3"));
            await().until(() -> hub.loop.cursors() == 10);
        }
    }

    @Test
    void aLogThatCannotBeReadIsAskedAgain() {
        LateLog log = late();
        try (TestHub hub = new TestHub(log, TestHub.windowOf(1))) {
            String first = hub.publish("a", "1");
            hub.publish("a", "2");
            hub.publish("b", "x");
            log.failing = true;
            Stream byId = hub.open(Subscription.to("a").resumeAfter(first));
            Stream byOwnId = hub.open(Subscription.to("a").resumeAfter("nobody"));
            Stream newest = hub.open(Subscription.to("a").from(Start.newest(1)));
            int reads = log.reads.get();
            await().until(() -> log.reads.get() >= reads + 6);
            assertThat(log.reads.get()).as("reads in about a second").isLessThan(reads + 12);
            log.failing = false;
            byId.awaitData("2");
            newest.awaitData("2");
            hub.publish("a", "3");
            byId.awaitData("2", "3");
            byOwnId.awaitData("3");
            newest.awaitData("2", "3");
            assertThat(byOwnId.types()).containsExactly("fanfare-gap", "message");
        }
    }

    @Test
    void aCursorClosedWhileTheLogFailsOrReadsStaysClosed() {
        LateLog log = late();
        try (TestHub hub = new TestHub(log, TestHub.windowOf(1))) {
            String first = hub.publish("a", "1");
            String second = hub.publish("a", "2");
            hub.publish("b", "x");
            CompletableFuture<Void> gate = new CompletableFuture<>();
            log.gate = gate;
            List<Stream> streams = new ArrayList<>(open(hub, first));
            int reads = log.reads.get();
            hub.onLoop(() -> streams.forEach(stream -> stream.cursor().close()));
            gate.complete(null);
            log.failing = true;
            List<Stream> failing = open(hub, second);
            await().until(() -> log.reads.get() > reads);
            hub.onLoop(() -> failing.forEach(stream -> stream.cursor().close()));
            streams.addAll(failing);
            log.failing = false;
            Stream later = hub.open(Subscription.to("none"));
            await().pollDelay(Duration.ofMillis(1_100)).until(() -> true); // longer than a retry takes
            hub.publish("a", "3");
            hub.passed();

            assertThat(hub.loop.cursors()).isEqualTo(1);
            assertThat(streams)
                    .allSatisfy(stream -> assertThat(stream.sink().received()).isEmpty());
            hub.onLoop(() -> later.cursor().close());
            assertThat(hub.onLoop(hub.loop.index::isEmpty)).isTrue();
        }
    }

    private static List<Stream> open(TestHub hub, String id) {
        return List.of(
                hub.open(Subscription.to("a").resumeAfter(id)),
                hub.open(Subscription.to("a").resumeAfter("mine")),
                hub.open(Subscription.to("a").from(Start.newest(1))));
    }

    @Test
    void thousandsOfWaitingReadsOutliveALogThatFailsAtOnce() {
        LateLog log = late();
        try (TestHub hub = new TestHub(log, TestHub.windowOf(1))) {
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < 4_000; i++) {
                ids.add(hub.publish("a", "e" + i));
            }
            hub.publish("b", "x");
            CompletableFuture<Void> gate = new CompletableFuture<>();
            log.gate = gate;
            List<Stream> streams = new ArrayList<>();
            for (String id : ids) {
                streams.add(hub.open(Subscription.to("a").resumeAfter(id)));
            }
            log.failing = true;
            gate.complete(null);
            await().until(() -> log.reads.get() > 4_000);
            log.failing = false;
            for (Stream stream : streams.subList(3_900, 4_000)) {
                hub.awaitLive(stream);
            }
            assertThat(streams.get(3_990).sink().data())
                    .containsExactly("e3991", "e3992", "e3993", "e3994", "e3995", "e3996", "e3997", "e3998", "e3999");
        }
    }

    @Test
    void noReadThatBeganBeforeADeletionIsDeliveredAfterIt() {
        LateLog log = late();
        try (TestHub hub = new TestHub(log, TestHub.windowOf(1))) {
            String first = hub.publish("a", "1");
            hub.publish("a", "2");
            hub.publish("b", "x");
            CompletableFuture<Void> gate = new CompletableFuture<>();
            log.lookNow = true;
            log.gate = gate;
            Stream before = hub.open(Subscription.to("a").resumeAfter(first));
            hub.delete("a");
            Stream after = hub.open(Subscription.to("a").resumeAfter(first));
            log.gate = CompletableFuture.completedFuture(null);
            gate.complete(null);
            hub.awaitLive(before);
            hub.awaitLive(after);
            hub.publish("a", "3");

            after.awaitData("3");
            before.awaitData("3");
            assertThat(before.types()).containsExactly("fanfare-gap", "message");
        }
    }

    @Test
    void aCursorAheadOfItsLoopWaitsQuietly() {
        LateLog log = late();
        AtomicInteger tasks = new AtomicInteger();
        ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1) {
            @Override
            public void execute(Runnable task) {
                tasks.incrementAndGet();
                super.execute(task);
            }
        };
        try (TestHub hub = new TestHub(log, TestHub.SETTINGS)) {
            Loop loop = hub.hub.loop(thread);
            String first = hub.publish("a", "1");
            log.holding = true;
            hub.publish("a", "2");
            RecordingSink sink = new RecordingSink();
            Stream stream = new Stream(
                    CompletableFuture.supplyAsync(
                                    () -> loop.open(Subscription.to("a").from(Start.OLDEST), sink), thread::execute)
                            .join(),
                    sink);
            stream.awaitData("1", "2");
            loop.wake();
            int before = tasks.get();
            await().pollDelay(Duration.ofMillis(300)).until(() -> true);
            assertThat(tasks.get() - before).as("tasks in 300 ms").isLessThan(20);

            log.holding = false;
            hub.publish("a", "3");
            stream.awaitData("1", "2", "3");
            stream.assertNoGap();
            assertThat(first).isNotEmpty();
        } finally {
            thread.shutdown();
        }
    }

    @Test
    void aLoopWhoseThreadIsGoneDoesNotHinderPublishing() {
        try (TestHub hub = memory(TestHub.SETTINGS)) {
            ScheduledThreadPoolExecutor dead = new ScheduledThreadPoolExecutor(1);
            hub.hub.loop(dead);
            dead.shutdownNow();
            Loop other = hub.hub.loop(hub.thread);
            Stream stream = hub.open(Subscription.to("a"));
            hub.publish("a", "1");
            hub.publish("a", "2");
            stream.awaitData("1", "2");
            hub.delete("a");
            assertThat(other.cursors()).isZero();
        }
    }

    @Test
    void aClosedLoopEndsWhatIsOpenedOnIt() {
        TestHub hub = memory(TestHub.SETTINGS);
        Stream open = hub.open(Subscription.to("a"));
        hub.hub.close();
        Stream late = hub.open(Subscription.to("a"));
        assertThat(open.sink().ended()).isTrue();
        assertThat(open.sink().retry()).isBetween(3_000L, 6_000L);
        assertThat(late.sink().ended()).isTrue();
        assertThat(hub.loop.cursors()).isZero();
        hub.thread.shutdown();
    }

    @Test
    void closingEndsTheOthersAlsoWhenASinkThrows() {
        TestHub hub = memory(TestHub.SETTINGS);
        List<Stream> streams = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            boolean broken = i % 2 == 0;
            streams.add(hub.open(Subscription.to("a"), new RecordingSink() {
                @Override
                public synchronized void end() {
                    super.end();
                    if (broken) {
                        throw new IllegalStateException("made to fail");
                    }
                }
            }));
        }
        hub.close();
        assertThat(streams).allMatch(stream -> stream.sink().ended());
    }

    @Test
    void anIdleStreamGetsHeartbeatsAndABusyOneNone() {
        try (TestHub hub = memory(TestHub.SETTINGS)) {
            Stream comments = hub.open(heartbeat(1, false));
            Stream events = hub.open(heartbeat(1, true));
            Stream slow = hub.open(heartbeat(120, true));
            Stream busy = hub.open(heartbeat(2, true));
            String last = hub.publish("a", "1");
            await().until(() -> comments.sink().comments() >= 3
                    && events.sink().ofType("fanfare-heartbeat").size() >= 2);

            assertThat(comments.sink().ofType("fanfare-heartbeat")).isEmpty();
            assertThat(events.sink().comments()).as("the preamble's").isEqualTo(1);
            assertThat(events.sink().ofType("fanfare-heartbeat"))
                    .allMatch(beat -> beat.data().isEmpty() && beat.id().equals(last));
            assertThat(slow.sink().ofType("fanfare-heartbeat")).isEmpty();

            int before = busy.sink().ofType("fanfare-heartbeat").size();
            long end = System.nanoTime() + 3_000_000_000L;
            await().pollInterval(Duration.ofMillis(100)).until(() -> {
                hub.publish("a", "busy");
                return System.nanoTime() > end;
            });
            assertThat(busy.sink().ofType("fanfare-heartbeat")).hasSizeLessThanOrEqualTo(before + 1);
        }
    }

    @Test
    void aHeartbeatOfALaggingStreamDoesNotMoveItsPlace() {
        LateLog log = late();
        try (TestHub hub = new TestHub(log, TestHub.windowOf(1))) {
            String first = hub.publish("a", "1");
            hub.publish("a", "2");
            hub.publish("b", "x");
            CompletableFuture<Void> gate = new CompletableFuture<>();
            log.gate = gate;
            RecordingSink sink = new RecordingSink(first);
            Subscription beats = heartbeat(1, true);
            Stream stream = hub.open(beats.resumeAfter(first), sink);
            await().until(() -> !sink.ofType("fanfare-heartbeat").isEmpty());
            assertThat(sink.lastEventId()).isEqualTo(first);
            gate.complete(null);
            stream.awaitData("2");
        }
    }

    private static Subscription heartbeat(int seconds, boolean events) {
        return new Subscription(
                Selection.of("a"),
                Start.NOW,
                null,
                Form.PLAIN,
                Subscription.Slow.CATCH_UP,
                Duration.ofSeconds(seconds),
                events,
                Duration.ofSeconds(3),
                true);
    }

    private static TestHub memory(HubSettings settings) {
        return new TestHub(new MemoryLog(), settings);
    }

    private static LateLog late() {
        return new LateLog(Retention.DEFAULT, InstantSource.system(), 3);
    }
}
