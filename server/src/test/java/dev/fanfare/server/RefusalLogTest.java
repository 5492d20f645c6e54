package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.http.Problem;
import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RefusalLogTest {

    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Logger logger = Logger.getLogger(RefusalLog.class.getName());
    private final Handler recorder = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            lines.add(entry.getLevel() + " " + MessageFormat.format(entry.getMessage(), entry.getParameters()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        logger.setUseParentHandlers(false);
        logger.addHandler(recorder);
    }

    @AfterEach
    void leave() {
        logger.removeHandler(recorder);
        logger.setUseParentHandlers(true);
    }

    @Test
    void saysEachKindOnceAndNothingThatUsersChose() {
        RefusalLog log = new RefusalLog(TimeUnit.HOURS.toNanos(1));
        for (int i = 0; i < 1_000; i++) {
            log.refused(Problem.badRequest("the topic secret/" + i));
            log.refused(Problem.unavailable("the log is full", 5));
            log.refused(Refusal.LIMIT);
        }

        assertThat(lines)
                .containsExactly(
                        "INFO refused 1 requests with 400, the last one: Bad request",
                        "WARNING refused 1 requests with 503, the last one: Unavailable",
                        "WARNING refused 1 streams, to come back later: limit");
    }

    @Test
    void tellsLaterHowManyThereWereMeanwhile() throws Exception {
        RefusalLog log = new RefusalLog(TimeUnit.MILLISECONDS.toNanos(1));
        int refused = 0;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (lines.size() < 3 && System.nanoTime() < end) {
            log.refused(Refusal.DRAINING);
            refused++;
        }

        int said = lines.stream()
                .mapToInt(line -> Integer.parseInt(line.replaceAll("\\D+", "")))
                .sum();
        assertThat(lines).hasSize(3);
        assertThat(said).isEqualTo(refused).isGreaterThan(3);
    }
}
