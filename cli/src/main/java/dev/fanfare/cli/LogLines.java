package dev.fanfare.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.logging.Formatter;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/** Writes a log record as one line, {@code 2026-11-21T04:17:43.026Z INFO server: ready}, with a stack trace below if it has one. */
public final class LogLines extends Formatter {

    /** Made by the log manager, by name. */
    public LogLines() {}

    /** Makes the JDK's own logging, which all modules use through {@link System.Logger}, write such lines on standard error. */
    static void use() {
        if (System.getProperty("java.util.logging.config.file") == null) {
            System.setProperty("java.util.logging.manager", Manager.class.getName());
        }
    }

    @Override
    public String format(LogRecord entry) {
        return "%s %s %s: %s%n%s"
                .formatted(
                        time(entry),
                        entry.getLevel().getName(),
                        shortName(entry.getLoggerName()),
                        formatMessage(entry),
                        trace(entry.getThrown()));
    }

    static String time(LogRecord entry) {
        return DateTimeFormatter.ISO_INSTANT.format(entry.getInstant().truncatedTo(ChronoUnit.MILLIS));
    }

    /** {@code server.Listener} of {@code dev.fanfare.server.Listener}, other names as they are. */
    static String shortName(@Nullable String logger) {
        return logger == null ? "root" : logger.replaceFirst("^dev\\.fanfare\\.", "");
    }

    private static String trace(@Nullable Throwable thrown) {
        if (thrown == null) {
            return "";
        }
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    /** The JDK's log manager with this format. Made by the JDK, by name, when something is logged for the first time. */
    public static final class Manager extends LogManager {

        @Override
        public @Nullable String getProperty(String name) {
            return name.equals("java.util.logging.ConsoleHandler.formatter")
                    ? LogLines.class.getName()
                    : super.getProperty(name);
        }

        /** Nothing: the JDK calls this when the process is told to stop, and a node still has things to say then. */
        @Override
        public void reset() {}
    }
}
