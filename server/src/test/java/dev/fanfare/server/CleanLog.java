package dev.fanfare.server;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails each test class during which the node logged an error, or a buffer was dropped without its release. On for all of this module,
 * by {@code META-INF/services}.
 */
public final class CleanLog implements BeforeAllCallback, AfterAllCallback {

    private static final Logger NODE = Logger.getLogger("dev.fanfare");
    private static final Logger LEAKS = Logger.getLogger(ResourceLeakDetector.class.getName());
    private static final List<String> REPORTS = new CopyOnWriteArrayList<>();
    private static final Handler HANDLER = new Handler() {
        @Override
        public void publish(LogRecord record) {
            if (record.getLevel().intValue() >= Level.SEVERE.intValue()) {
                REPORTS.add(MessageFormat.format("{0}: {1}", record.getMessage(), record.getThrown()));
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @Override
    public void beforeAll(ExtensionContext context) {
        for (Logger logger : List.of(NODE, LEAKS)) {
            logger.removeHandler(HANDLER);
            logger.addHandler(HANDLER);
            logger.setUseParentHandlers(false);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        List<String> reports = takeReports();
        if (!reports.isEmpty()) {
            throw new AssertionError("in the log:\n" + String.join("\n", reports));
        }
    }

    /** The errors since the last call. A leak is found when its buffer was collected and another one is made. */
    static List<String> takeReports() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            for (int j = 0; j < 100; j++) {
                ByteBufAllocator.DEFAULT.buffer().release();
            }
        }
        List<String> reports = List.copyOf(REPORTS);
        REPORTS.clear();
        return reports;
    }
}
