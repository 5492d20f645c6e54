package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Reconnection times grow with the load. */
class RetryTest {

    private static double load(TestNode node) {
        return ((Number) node.get("/stats").has(200).field("load")).doubleValue();
    }

    @Test
    void atLittleLoadEveryStreamIsToldExactlyWhatIsSetOrAskedFor() {
        try (TestNode node = TestNode.start()) {
            for (int i = 0; i < 10; i++) {
                try (Subscriber stream = node.subscribe("/events?open=none&topic=a")) {
                    assertThat(stream.lead()).isEqualTo(3_000);
                }
            }
            try (Subscriber stream = node.subscribe("/events?open=none&topic=a&retry=700")) {
                assertThat(stream.lead()).isEqualTo(700);
            }
        }
    }

    @Test
    void whenTheNodeIsNearlyFullNewStreamsAreToldLongerTimesEachItsOwn() {
        try (TestNode node = TestNode.with(bounds -> bounds.streams = 20)) {
            List<Subscriber> streams = new ArrayList<>();
            for (int i = 0; i < 15; i++) {
                streams.add(node.listen("topic=a"));
            }
            Awaitility.await("half way from the least to the most").until(() -> load(node) >= 0.5);
            Set<Long> told = new HashSet<>();
            for (int i = 0; i < 5; i++) {
                Subscriber stream = node.subscribe("/events?open=none&topic=a");
                told.add(stream.lead());
                streams.add(stream);
            }
            assertThat(told)
                    .as("from 3 s to 60 s")
                    .hasSizeGreaterThan(2)
                    .allMatch(retry -> retry >= 3_000 && retry <= 60_000);
            streams.forEach(Subscriber::close);
        }
    }

    @Test
    void streamsThatWereOpenedAtLittleLoadHearOfIt() {
        try (TestNode node = TestNode.with(bounds -> {
            bounds.streams = 20;
            bounds.heartbeat = Duration.ofSeconds(1);
        })) {
            Subscriber idle = node.listen("topic=a");
            Subscriber busy = node.listen("topic=b");
            List<Subscriber> others = new ArrayList<>();
            for (int i = 0; i < 17; i++) {
                others.add(node.listen("topic=a"));
            }
            assertThat(retryLine(idle, node))
                    .as("told to a stream without events")
                    .isBetween(3_000L, 60_000L);
            assertThat(retryLine(busy, node))
                    .as("told to a stream with an event at any time")
                    .isBetween(3_000L, 60_000L);

            node.publish("a", "x");
            assertThat(idle.next().data()).isEqualTo("x");
            others.forEach(Subscriber::close);
            assertThat(retryLine(idle, node)).as("when the load has gone").isEqualTo(3_000);
        }
    }

    /** The next line {@code retry:}, with events published all the while. */
    private static long retryLine(Subscriber stream, TestNode node) {
        while (true) {
            node.publish("b", "x");
            String line = String.valueOf(stream.line());
            if (line.startsWith("retry: ")) {
                return Long.parseLong(line.substring("retry: ".length()));
            }
        }
    }

    @Test
    void loadIsHowFullANodeIsBeyondHalfOrHowLateItsLoopsAre() {
        assertThat(Load.of(0.0, 0)).isZero();
        assertThat(Load.of(0.5, 200)).isZero();
        assertThat(Load.of(0.75, 0)).isEqualTo(0.5);
        assertThat(Load.of(1.0, 0)).isEqualTo(1);
        assertThat(Load.of(0.1, 1_100)).isEqualTo(0.5);
        assertThat(Load.of(0.1, 60_000)).isEqualTo(1);
    }
}
