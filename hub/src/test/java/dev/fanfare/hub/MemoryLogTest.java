package dev.fanfare.hub;

import static dev.fanfare.hub.Logs.LONG;
import static dev.fanfare.hub.Logs.age;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.event;
import static dev.fanfare.hub.Logs.get;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryLogTest extends EventLogContract {

    @Override
    protected EventLog open(Retention retention, InstantSource time) {
        return new MemoryLog(retention, time);
    }

    @Test
    void shortLivedTopicsLeaveNoHeapBehind() {
        int topics = LONG ? 1_000_000 : 50_000;
        EventLog log = log(age(Duration.ofMinutes(1)));
        append(log, "first", "x");
        long before = TestHeap.used();
        for (int i = 0; i < topics; i += 1_000) {
            List<Publication> answers = new ArrayList<>();
            for (int j = i; j < i + 1_000; j++) {
                answers.add(event("answers/" + j, "an answer"));
            }
            get(log.append(answers));
        }
        long full = TestHeap.used();
        clock().advance(Duration.ofMinutes(2));
        assertThat(get(log.size()).topics()).isZero();
        long after = TestHeap.used();

        System.out.printf(
                "%,d topics held %,d kB, and %,d kB once gone%n", topics, full - before >> 10, after - before >> 10);
        assertThat(after - before).isLessThan(Math.max(2L << 20, (full - before) / 10));
    }
}
