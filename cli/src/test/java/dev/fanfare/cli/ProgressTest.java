package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private final StringWriter shown = new StringWriter();

    @Test
    void isShownOnATerminalWhenTheWorkIsLong() {
        try (Progress progress = Progress.on(new PrintWriter(shown), true, 1)) {
            progress.step();
            Awaitility.await().until(() -> shown.toString().contains("1 events, "));
            progress.step();
        }

        assertThat(shown.toString()).contains("\r\033[K2 events, ").endsWith(System.lineSeparator());
    }

    @Test
    void isNotShownForShortWorkOrWhereThereIsNoTerminal() {
        Progress.on(new PrintWriter(shown), true, 60_000).close();
        Progress.on(new PrintWriter(shown), false, 0).close();

        assertThat(shown.toString()).isEmpty();
    }
}
