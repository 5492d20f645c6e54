package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LogLinesTest {

    @Test
    void writesOneLineWithTheStackTraceBelow() {
        LogRecord entry = new LogRecord(Level.WARNING, "{0} streams");
        entry.setInstant(Instant.parse("2026-11-21T04:17:43.026999Z"));
        entry.setLoggerName("dev.fanfare.server.Listener");
        entry.setParameters(new Object[] {3});

        assertThat(new LogLines().format(entry))
                .isEqualTo("2026-11-21T04:17:43.026Z WARNING server.Listener: 3 streams\n");

        entry.setThrown(new IllegalStateException("full"));
        assertThat(new LogLines().format(entry))
                .contains("3 streams\njava.lang.IllegalStateException: full\n\tat dev.fanfare.cli.");
    }
}
