package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.TestHub.Stream;
import dev.fanfare.stream.Event;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryBoundTest {
    private static final int SINKS = 500;
    private static final int EVENT_BYTES = 20_000;
    private static final long PUBLISHED = 200L << 20;
    private static final long WINDOW = 2L << 20;
    private static final long RETAINED = 4L << 20;

    @Test
    void sinksThatAreNeverWritableCostNoMemoryHoweverMuchIsPublished() {
        Retention retention =
                new Retention(Duration.ofHours(1), RETAINED, Long.MAX_VALUE, false, 1_000, Duration.ofMinutes(1));
        try (TestHub hub = new TestHub(new MemoryLog(retention, InstantSource.system()), TestHub.windowOf(WINDOW))) {
            List<Stream> streams = new ArrayList<>();
            for (int i = 0; i < SINKS; i++) {
                Stream stream = hub.open(Subscription.to(i % 2 == 0 ? "a/" + i % 10 : "a/*"));
                stream.sink().block();
                streams.add(stream);
            }
            hub.publish("a/1", "first");
            hub.passed();
            long before = TestHeap.used();
            long most = 0;
            int events = (int) (PUBLISHED / EVENT_BYTES);
            for (int i = 0; i < events; i++) {
                hub.hub
                        .publish("a/" + i % 10, Event.message(i + "x".repeat(EVENT_BYTES)))
                        .toCompletableFuture()
                        .join();
                if (i % (events / 4) == events / 8) {
                    most = Math.max(most, TestHeap.used() - before);
                }
            }
            hub.passed();
            most = Math.max(most, TestHeap.used() - before);

            System.out.printf(
                    "%,d kB more heap at most, of %,d kB published to %d stalled sinks%n",
                    most >> 10, PUBLISHED >> 10, SINKS);
            assertThat(most)
                    .as("heap beyond what window and log may hold")
                    .isLessThan(2 * (WINDOW + RETAINED) + (4L << 20));
            assertThat(hub.hub.windowBytes()).isLessThanOrEqualTo(WINDOW);
            assertThat(streams).allMatch(stream -> stream.sink().data().isEmpty());
        }
    }
}
