package dev.fanfare.redis;

import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.IngressCounts;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Retention;
import dev.fanfare.stream.Event;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/** A process that bridges the channel {@code in} to the topic {@code in}, to be killed; it prints what it has become and done. */
final class BridgingNode implements AutoCloseable {

    private final Process process;
    private volatile boolean up;
    private volatile boolean active;
    private volatile long fenced;

    BridgingNode(RedisServer server, String hub) {
        try {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-Xmx64m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            BridgingNode.class.getName(),
                            server.uri(),
                            hub)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread reader = new Thread(this::read, "bridging-node-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ", -1);
                fenced = Long.parseLong(words[1]);
                active = words[0].equals("true");
                up = true;
            }
        } catch (IOException closed) {
            // it was killed
        }
    }

    boolean isUp() {
        return up;
    }

    boolean isActive() {
        return active && process.isAlive();
    }

    long fenced() {
        return fenced;
    }

    void awaitActive() {
        await().atMost(Duration.ofSeconds(20)).until(this::isActive);
    }

    void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .start()
                    .onExit()
                    .join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** What runs in the process. */
    public static void main(String[] arguments) throws InterruptedException {
        RedisLog log = RedisLog.open(RedisSettings.of(arguments[0]).withHub(arguments[1]), Retention.DEFAULT);
        IngressCounts counts = new IngressCounts();
        log.ingress(
                Set.of("in"),
                1 << 20,
                (channel, message) -> Publication.of("in", Event.message(new String(message, StandardCharsets.UTF_8))),
                counts);
        String said = "";
        while (true) {
            String now = counts.active() + " " + counts.sum(IngressCounts.Outcome.FENCED);
            if (!now.equals(said)) {
                System.out.println(now);
                said = now;
            }
            Thread.sleep(5);
        }
    }
}
