package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.RecordingSink.Received;
import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A hub with one loop on a real thread, and the calls that tests make on it. */
final class TestHub implements AutoCloseable {
    static final HubSettings SETTINGS =
            new HubSettings(64 << 20, Duration.ofHours(24), Duration.ofSeconds(3), Duration.ofSeconds(60));

    final EventLog log;
    final Hub hub;
    final ScheduledExecutorService thread;
    final Loop loop;

    /** A cursor with its sink. */
    record Stream(Cursor cursor, RecordingSink sink) {

        void awaitData(String... data) {
            await().pollInterval(Duration.ofMillis(2))
                    .untilAsserted(() -> assertThat(sink.data()).containsExactly(data));
        }

        /** For many events: names what is missing and what is too much, not all. */
        void assertData(List<String> expected) {
            List<String> data = sink.data();
            Set<String> missing = new LinkedHashSet<>(expected);
            data.forEach(missing::remove);
            Set<String> foreign = new LinkedHashSet<>(data);
            expected.forEach(foreign::remove);
            assertThat(missing).as("missing").isEmpty();
            assertThat(foreign).as("too much").isEmpty();
            assertThat(data).hasSameSizeAs(expected);
            assertThat(data.equals(expected)).as("in order").isTrue();
        }

        List<String> types() {
            return sink.received().stream().map(Received::type).toList();
        }

        /** The position that the open event says. */
        long openId() {
            assertThat(sink.received().get(0).type()).isEqualTo("fanfare-open");
            return Position.parse(sink.received().get(0).id());
        }

        Received firstEvent() {
            return sink.received().stream()
                    .filter(one -> !one.isControl())
                    .findFirst()
                    .orElseThrow();
        }

        void assertNoGap() {
            assertThat(sink.ofType("fanfare-gap")).isEmpty();
        }

        /** The one gap of this stream names this topic first. */
        void assertGap(String reason, long resumedAt, String topic) {
            List<Received> gaps = sink.ofType("fanfare-gap");
            assertThat(gaps).hasSize(1);
            assertThat(gaps.get(0).data())
                    .contains(
                            "\"reason\":\"" + reason + "\"",
                            "\"topics\":[\"" + topic + "\"",
                            "\"resumedAt\":\"" + gaps.get(0).id() + "\"");
            assertThat(gaps.get(0).id()).isEqualTo(Position.text(resumedAt));
        }
    }

    TestHub(EventLog log, HubSettings settings) {
        this.log = log;
        this.hub = new Hub(log, settings, FrameEncoder.PLAIN);
        this.thread = Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "test-loop"));
        this.loop = hub.loop(thread);
    }

    static HubSettings windowOf(long bytes) {
        return new HubSettings(bytes, SETTINGS.retentionAge(), SETTINGS.retry(), SETTINGS.retryMax());
    }

    Stream open(Subscription subscription) {
        return open(subscription, new RecordingSink());
    }

    Stream open(Subscription subscription, RecordingSink sink) {
        return onLoop(() -> new Stream(loop.open(subscription, sink), sink));
    }

    <T> T onLoop(Supplier<T> task) {
        return CompletableFuture.supplyAsync(task, loop::execute)
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    void onLoop(Runnable task) {
        CompletableFuture.runAsync(task, loop::execute)
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    /** Publishes, and returns the id. */
    String publish(String topic, String data) {
        return publish(Publication.of(topic, Event.message(data)));
    }

    String publish(Publication publication) {
        return hub.publish(publication).toCompletableFuture().join();
    }

    /** Publishes {@code prefix0, prefix1, ...} and returns their data. */
    List<String> publishMany(String topic, String prefix, int count) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            publish(topic, prefix + i);
            all.add(prefix + i);
        }
        return all;
    }

    void delete(String topic) {
        hub.delete(Topic.of(topic)).toCompletableFuture().join();
    }

    /** Lets a sink be written to again, and says so. */
    void unblock(Stream stream) {
        onLoop(() -> {
            stream.sink().open();
            stream.cursor().resume();
        });
    }

    /** Waits until a cursor has read all there is. */
    void awaitLive(Stream stream) {
        await().pollInterval(Duration.ofMillis(2))
                .until(() -> onLoop(() -> !stream.cursor().isLagging()));
        passed();
    }

    /** Waits until the loop has passed what is in the window. */
    void passed() {
        loop.passed().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        hub.close();
        thread.shutdown();
    }
}
