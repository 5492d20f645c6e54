package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.server.LogField;
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

    @Test
    void writesOneJsonObjectALineWithItsFields() {
        LogRecord entry = new LogRecord(Level.INFO, "serves {0}; streams: {1}, {2}");
        entry.setInstant(Instant.parse("2026-11-21T04:17:43.026999Z"));
        entry.setLoggerName("dev.fanfare.cli.Node");
        entry.setParameters(new Object[] {
            new LogField("url", "http://[::1]:7070"), new LogField("streams", 10), "a \"word\"\nand a line"
        });

        assertThat(new JsonLines().format(entry))
                .isEqualTo("{\"time\":\"2026-11-21T04:17:43.026Z\",\"level\":\"INFO\",\"logger\":\"cli.Node\","
                        + "\"message\":\"serves http://[::1]:7070; streams: 10, a \\\"word\\\"\\nand a line\","
                        + "\"url\":\"http://[::1]:7070\",\"streams\":10}\n");

        entry.setThrown(new IllegalStateException("full"));
        assertThat(new JsonLines().format(entry))
                .contains("\"exception\":\"java.lang.IllegalStateException: full\\n\\tat dev.fanfare.cli.")
                .containsOnlyOnce("\n");
    }
}
