package dev.fanfare.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.IngressCounts.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MessageLogTest {

    private static final Logger LOGGER = Logger.getLogger(MessageLog.class.getName());

    private final List<String> lines = new ArrayList<>();

    private final Handler handler = new Handler() {
        private final Formatter formatter = new SimpleFormatter();

        @Override
        public void publish(LogRecord entry) {
            lines.add(formatter.formatMessage(entry));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        LOGGER.addHandler(handler);
        LOGGER.setUseParentHandlers(false);
    }

    @AfterEach
    void leave() {
        LOGGER.removeHandler(handler);
        LOGGER.setUseParentHandlers(true);
    }

    @Test
    void saysTheFirstOfEachKindAndNothingMoreForAMinute() {
        MessageLog log = new MessageLog(TimeUnit.MINUTES.toNanos(1));
        for (int i = 0; i < 1_000; i++) {
            log.lost(Outcome.INVALID, "No topic");
            log.lost(Outcome.DROPPED, "the log does not keep up");
        }

        assertThat(lines)
                .containsExactly(
                        "1 messages of Redis channels were lost as invalid, the last one: No topic",
                        "1 messages of Redis channels were lost as dropped, the last one: the log does not keep up");
    }

    @Test
    void saysThenHowManyThereWereMeanwhile() {
        MessageLog log = new MessageLog(TimeUnit.MILLISECONDS.toNanos(200));
        AtomicInteger lost = new AtomicInteger();
        await().until(() -> {
            log.lost(Outcome.INVALID, "No JSON");
            lost.incrementAndGet();
            return lines.size() == 2;
        });

        assertThat(lines.get(1)).startsWith(lost.get() - 1 + " messages");
    }
}
