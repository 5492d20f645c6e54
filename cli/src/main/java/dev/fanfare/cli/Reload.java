package dev.fanfare.cli;

import static java.util.stream.Collectors.joining;

import dev.fanfare.server.LogField;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import sun.misc.Signal;

/**
 * Reads a running node's settings again, on SIGHUP or when a file that holds one has changed, and has the node use those that can
 * change while it runs. All or none: settings of which one cannot be used change nothing. Everything happens on one thread.
 */
final class Reload {

    private static final Logger LOG = System.getLogger(Reload.class.getName());
    private static final Path TERMINAL = Path.of("/dev/tty");
    private static final long LOOK_EVERY_SECONDS = 2;

    private final Supplier<Settings> source;
    private final Node node;
    private final boolean hadTerminal = hasTerminal();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "fanfare-reload");
        thread.setDaemon(true);
        return thread;
    });
    private Settings current;
    private Map<Path, ByteBuffer> seen;

    /**
     * What a node's settings come from.
     *
     * @param source reads the settings; throws {@link SettingsException} when they cannot be used
     * @param current those the node was started with
     */
    Reload(Supplier<Settings> source, Settings current, Node node) {
        this.source = source;
        this.current = current;
        this.node = node;
        this.seen = contents(current.files());
    }

    /** Listens for SIGHUP, and looks every few seconds at the files that hold a setting. */
    void start() {
        try {
            Signal.handle(new Signal("HUP"), signal -> hangUp());
        } catch (IllegalArgumentException e) {
            LOG.log(Level.WARNING, "SIGHUP does not reload settings here: {0}", e.getMessage());
        }
        thread.scheduleWithFixedDelay(this::look, LOOK_EVERY_SECONDS, LOOK_EVERY_SECONDS, TimeUnit.SECONDS);
    }

    /** The signal also comes when the terminal closes in which a node was started by hand: then the node ends, as anything there does. */
    private void hangUp() {
        if (hadTerminal && !hasTerminal()) {
            System.exit(Main.OK);
        }
        thread.execute(() -> reload("SIGHUP"));
    }

    private static boolean hasTerminal() {
        try (InputStream terminal = Files.newInputStream(TERMINAL)) {
            return terminal != null;
        } catch (IOException e) {
            return false;
        }
    }

    private void look() {
        Map<Path, ByteBuffer> now = contents(current.files());
        if (!now.equals(seen)) {
            seen = now;
            reload("a file has changed");
        }
    }

    private void reload(String why) {
        try {
            Settings read = source.get();
            List<String> changed = current.differing(read, Definitions.RELOADABLE::contains);
            List<String> waiting = current.differing(read, setting -> !Definitions.RELOADABLE.contains(setting));
            Settings merged = current.with(read, Definitions.RELOADABLE::contains);
            SettingsReader.check(merged); // what goes together in the file may not with what waits for a restart
            node.use(merged);
            current = merged;
            seen = contents(merged.files());
            LOG.log(
                    waiting.isEmpty() ? Level.INFO : Level.WARNING,
                    "read the settings again ({0}): {1}{2}",
                    new LogField("why", why),
                    new LogField("changed", changed.isEmpty() ? "nothing to change" : named(changed)),
                    new LogField(
                            "needsRestart", waiting.isEmpty() ? "" : "; a restart is needed for " + named(waiting)));
        } catch (SettingsException e) {
            node.server().reloadFailed();
            LOG.log(
                    Level.WARNING,
                    "the settings cannot be used, and those before stay ({0}): {1}",
                    new LogField("why", why),
                    new LogField(
                            "problem", String.valueOf(e.getMessage()).lines().collect(joining("; "))));
        } catch (RuntimeException e) {
            node.server().reloadFailed();
            LOG.log(Level.ERROR, "the settings could not be read again, and those before stay", e);
        }
    }

    private static String named(List<String> settings) {
        return String.join(", ", settings);
    }

    /** What each file holds, as a hash; of one that cannot be read, nothing. */
    private static Map<Path, ByteBuffer> contents(List<Path> files) {
        Map<Path, ByteBuffer> contents = new HashMap<>();
        for (Path file : files) {
            try (InputStream in = Files.newInputStream(file)) {
                MessageDigest hash = MessageDigest.getInstance("SHA-256");
                contents.put(file, ByteBuffer.wrap(hash.digest(in.readNBytes(SecretFile.MOST_BYTES + 1))));
            } catch (IOException e) {
                contents.put(file, ByteBuffer.allocate(0));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }
        return contents;
    }
}
