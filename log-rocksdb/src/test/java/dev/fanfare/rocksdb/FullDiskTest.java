package dev.fanfare.rocksdb;

import static dev.fanfare.hub.Logs.follow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Lines;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import dev.fanfare.stream.Event;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log on a disk that fills up: a file system of 48 MiB in memory, which only root can mount. */
class FullDiskTest {

    private static final Retention AMPLE =
            new Retention(Duration.ofDays(1), 1L << 30, Long.MAX_VALUE, false, 100_000, Duration.ofMinutes(10));
    private static final Duration SOON = Duration.ofSeconds(15);

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path disk;

    private final NavigableSet<Long> acknowledged = new TreeSet<>();

    @BeforeEach
    void mount() throws Exception {
        run("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk.toString());
    }

    @AfterEach
    void unmount() throws Exception {
        run("umount", "--lazy", disk.toString()); // the mark is mapped until the garbage collector finds it
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as(
                        "%s said: %s; this test needs the right to mount: run it as root, in a container with --cap-add SYS_ADMIN",
                        String.join(" ", command), said)
                .isZero();
    }

    @Test
    void aLogThatFillsTheDiskRefusesReadsOnAndGoesOnWhenThereIsRoom() throws Exception {
        Retention small =
                new Retention(Duration.ofDays(1), 8L << 20, Long.MAX_VALUE, false, 100_000, Duration.ofMinutes(10));
        try (RocksLog log = open(AMPLE)) {
            List<Stored> followed = follow(log, log.state().tail());
            AppendRefused refused = fill(log);
            assertThat(refused.reason()).isEqualTo(AppendRefused.Reason.DISK_FULL);
            assertThat(refused.getMessage()).contains(disk.toString(), "full", "make room");
            assertThat(held(log)).containsAll(acknowledged);
            assertThat(followed).extracting(Stored::position).containsAll(acknowledged);
        }
        try (RocksLog log = open(small)) { // the operator lowers retention.bytes
            await().atMost(SOON).until(() -> canAppend(log));
            Audit.of(log, "with room again");
        }
    }

    @ParameterizedTest(name = "{0} bytes are left")
    @ValueSource(longs = {0, 100_000, 3_000_000})
    void aDiskThatOthersFillIsToldAndNothingAcknowledgedIsLost(long left) throws Exception {
        try (RocksLog log = open(AMPLE)) {
            publish(log, 200);
            Path filler = fillDisk(left);
            AppendRefused refused = fill(log);
            assertThat(refused.reason()).isEqualTo(AppendRefused.Reason.DISK_FULL);
            assertThat(held(log)).containsAll(acknowledged);
            for (int i = 0; i < 5; i++) {
                log.retain(); // while it is full
            }
            assertThat(held(log)).containsAll(acknowledged);

            Files.delete(filler);
            await().atMost(SOON).until(() -> canAppend(log));
            publish(log, 50);
            assertThat(held(log)).containsAll(acknowledged);
            Audit.of(log, "with room again");
        }
        try (RocksLog log = open(AMPLE)) {
            assertThat(held(log)).containsAll(acknowledged);
            Audit.of(log, "opened again");
        }
    }

    @ParameterizedTest(name = "{0} bytes are left")
    @ValueSource(longs = {0, 100_000, 3_000_000})
    void aStartOnAFullDiskOpensOrSaysWhyAndLosesNothing(long left) throws Exception {
        Path copy = disk.resolve("copy");
        try (RocksLog log = open(AMPLE)) {
            publish(log, 300);
            new ProcessBuilder("cp", "-r", disk.resolve("data").toString(), copy.toString())
                    .start()
                    .waitFor();
        }
        Files.delete(copy.resolve("lock"));
        Path filler = fillDisk(left);
        for (int start = 0; start < 3; start++) {
            try (RocksLog log = open(copy, AMPLE)) {
                assertThat(held(log)).containsAll(acknowledged);
            } catch (DataDirectoryException e) {
                assertThat(e.getMessage())
                        .contains(copy.toString(), "No space left")
                        .doesNotContain("\n");
            }
        }
        Files.delete(filler);
        try (Lines lines = Lines.of(RocksLog.class);
                RocksLog log = open(copy, AMPLE)) {
            assertThat(lines.all()).as("lines with room again").isEmpty();
            assertThat(held(log)).containsAll(acknowledged);
            Audit.of(log, "with room again");
            await().atMost(SOON).until(() -> canAppend(log));
        }
    }

    private RocksLog open(Retention retention) {
        return open(disk.resolve("data"), retention);
    }

    private static RocksLog open(Path data, Retention retention) {
        return RocksLog.open(data, retention, Durability.OS, Duration.ZERO, InstantSource.system());
    }

    private static String text(int length) {
        byte[] random = new byte[length / 2];
        ThreadLocalRandom.current().nextBytes(random);
        return java.util.HexFormat.of().formatHex(random);
    }

    private void publish(RocksLog log, int events) {
        for (int i = 0; i < events; i++) {
            acknowledged.add(append(log));
        }
    }

    private static long append(RocksLog log) {
        Publication publication =
                Publication.of("t/" + ThreadLocalRandom.current().nextInt(20), Event.message(text(8_000)));
        return log.append(List.of(publication)).toCompletableFuture().join()[0];
    }

    /** Publishes until it is refused. */
    private AppendRefused fill(RocksLog log) {
        for (int i = 0; i < 100_000; i++) {
            try {
                acknowledged.add(append(log));
            } catch (CompletionException e) {
                if (e.getCause() instanceof AppendRefused refused) {
                    return refused;
                }
                throw e;
            }
        }
        throw new AssertionError("never refused");
    }

    private boolean canAppend(RocksLog log) {
        try {
            acknowledged.add(append(log));
            return true;
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(AppendRefused.class);
            return false;
        }
    }

    private Path fillDisk(long left) throws IOException {
        Path filler = disk.resolve("filler");
        try (OutputStream out = Files.newOutputStream(filler)) {
            byte[] page = new byte[4096];
            while (true) {
                out.write(page);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space");
        }
        try (var channel = java.nio.channels.FileChannel.open(filler, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() - left);
        }
        return filler;
    }

    private static List<Long> held(RocksLog log) {
        List<Long> held = new ArrayList<>();
        Page page;
        long after = Position.START;
        do {
            page = log.read(Reading.of(Selection.of("**"), after, 100, 1 << 20))
                    .toCompletableFuture()
                    .join();
            page.entries().forEach(stored -> held.add(stored.position()));
            after = page.scannedTo();
        } while (page.more());
        return held;
    }
}
