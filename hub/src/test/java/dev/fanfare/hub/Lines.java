package dev.fanfare.hub;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What a class logs as warnings or worse while this is open. */
public final class Lines extends Handler implements AutoCloseable {

    private final Logger logger;
    private final List<String> lines = new CopyOnWriteArrayList<>();

    private Lines(Logger logger) {
        this.logger = logger;
    }

    public static Lines of(Class<?> logging) {
        Lines lines = new Lines(Logger.getLogger(logging.getName()));
        lines.logger.addHandler(lines);
        return lines;
    }

    /** So far, the oldest first. */
    public List<String> all() {
        return lines;
    }

    @Override
    public void publish(LogRecord line) {
        if (line.getLevel().intValue() >= Level.WARNING.intValue()) {
            lines.add(line.getMessage());
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
    }
}
