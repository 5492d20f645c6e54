package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.RecordingSink.Received;
import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The books of the streams of several nodes, kept while their server fails them: every acknowledged event reached every stream once and in
 * order, or a gap says otherwise.
 */
final class Books {

    private static final long PAUSE_NANOS = 2_000_000;
    private static final String GAP = "fanfare-gap";

    private final List<TestHub.Stream> streams = new ArrayList<>();
    private final List<Publisher> publishers = new ArrayList<>();
    private volatile boolean faulty;

    /** An event that a publisher was told is published, before the fault or since. */
    private record Acknowledged(long position, String data, boolean since) {
        @Override
        public String toString() {
            return data + " at " + Position.text(position);
        }
    }

    /** One who publishes one event after the other, each with a key and again until it is acknowledged. */
    final class Publisher implements Runnable {
        private final TestHub node;
        private final String topic;
        private final String name;
        private final ConcurrentLinkedQueue<Acknowledged> acknowledged = new ConcurrentLinkedQueue<>();
        private final AtomicInteger refusals = new AtomicInteger();
        private final Thread thread = new Thread(this, "publisher");
        private volatile boolean going = true;
        private volatile long newest;

        private Publisher(TestHub node, String topic, String name) {
            this.node = node;
            this.topic = topic;
            this.name = name;
        }

        @Override
        public void run() {
            for (int n = 0; going; n++) {
                publish(name + " " + n);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }

        private void publish(String data) {
            Publication publication = new Publication(List.of(Topic.of(topic)), Event.message(data), data);
            while (true) {
                try {
                    newest = Position.parse(node.hub
                            .publish(publication)
                            .toCompletableFuture()
                            .orTimeout(60, TimeUnit.SECONDS)
                            .join());
                    acknowledged.add(new Acknowledged(newest, data, faulty));
                    return;
                } catch (CompletionException e) {
                    assertThat(e.getCause())
                            .isInstanceOfSatisfying(
                                    AppendRefused.class,
                                    refused ->
                                            assertThat(refused.reason()).isEqualTo(AppendRefused.Reason.UNAVAILABLE));
                    refusals.incrementAndGet();
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        }

        int refusals() {
            return refusals.get();
        }

        /** The position of what was acknowledged last. */
        long newest() {
            return newest;
        }

        /** Waits until so many more events have been acknowledged. */
        void awaitMore(int events) {
            int before = acknowledged.size();
            await().atMost(Duration.ofSeconds(30)).until(() -> acknowledged.size() >= before + events);
        }
    }

    /** Opens streams on a node: of a topic by its name, and of all there are. */
    void open(TestHub node, String topic) {
        for (String selector : List.of(topic, "**")) {
            TestHub.Stream stream = node.open(Subscription.to(selector));
            node.awaitLive(stream);
            streams.add(stream);
        }
    }

    /** Begins to publish to a topic on a node. */
    Publisher publishOn(TestHub node, String topic) {
        Publisher publisher = new Publisher(node, topic, topic + "/" + publishers.size());
        publishers.add(publisher);
        publisher.thread.start();
        publisher.awaitMore(20);
        return publisher;
    }

    /** The server is failing from now on. */
    void fault() {
        faulty = true;
    }

    List<TestHub.Stream> streams() {
        return streams;
    }

    /** Ends publishing, waits until all streams have what came last, and looks at what each has. */
    void balance() throws InterruptedException {
        for (Publisher publisher : publishers) {
            publisher.going = false;
            publisher.thread.join(60_000);
            assertThat(publisher.thread.isAlive()).as("a publisher that waits").isFalse();
            publisher.publish(publisher.name + " last");
        }
        int gaps = 0;
        for (TestHub.Stream stream : streams) {
            List<Acknowledged> all = new ArrayList<>();
            for (Publisher publisher : publishers) {
                if (stream.cursor().selectors().stream()
                        .anyMatch(selector -> selector.matches(Topic.of(publisher.topic)))) {
                    await().atMost(Duration.ofSeconds(30))
                            .untilAsserted(
                                    () -> assertThat(stream.sink().data()).contains(publisher.name + " last"));
                    all.addAll(publisher.acknowledged);
                }
            }
            assertThat(stream.sink().ended()).as("a stream was ended").isFalse();
            balance(stream.sink().received(), all);
            gaps += stream.sink().ofType(GAP).size();
        }
        for (Publisher publisher : publishers) {
            assertThat(publisher.acknowledged)
                    .extracting(Acknowledged::position)
                    .as("ids as acknowledged")
                    .isSorted()
                    .doesNotHaveDuplicates();
        }
        System.out.printf(
                "%d acknowledged, %d refused, %d streams, %d gaps%n",
                publishers.stream()
                        .mapToInt(publisher -> publisher.acknowledged.size())
                        .sum(),
                publishers.stream().mapToInt(Publisher::refusals).sum(),
                streams.size(),
                gaps);
    }

    /**
     * A gap covers what lies between the last event before it and where it ends. {@code log-lost} also covers what came since the fault, up
     * to where it ends: what the stream had before it may be of an end that is lost, and what another node appended meanwhile may lie before.
     */
    private static void balance(List<Received> received, List<Acknowledged> all) {
        Set<String> had = new HashSet<>();
        Map<String, Integer> gapsBefore = new HashMap<>();
        List<Told> gaps = new ArrayList<>();
        long last = 0;
        for (Received one : received) {
            long position = Position.parse(one.id());
            if (one.type().equals(GAP)) {
                assertThat(position).as("where a gap ends").isGreaterThanOrEqualTo(last);
                gaps.add(new Told(last, position, one.data().contains("log-lost")));
            } else if (!one.isControl()) {
                assertThat(position).as("order").isGreaterThan(last);
                had.add(one.data() + " at " + one.id());
                Integer before = gapsBefore.put(one.data(), gaps.size());
                assertThat(before == null || before < gaps.size())
                        .as("%s came twice with no gap between", one.data())
                        .isTrue();
            }
            last = Math.max(last, position);
        }
        List<Acknowledged> missing = all.stream()
                .filter(event -> !had.contains(event.toString()))
                .filter(event -> gaps.stream().noneMatch(gap -> gap.covers(event)))
                .toList();
        assertThat(missing)
                .as("neither received nor in one of the gaps %s", gaps)
                .isEmpty();
    }

    /** A gap as a stream was told of it. */
    private record Told(long after, long upTo, boolean lost) {

        boolean covers(Acknowledged event) {
            return event.position <= upTo && (event.position > after || lost && event.since);
        }
    }
}
