package dev.fanfare.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.TestClock;
import dev.fanfare.stream.Event;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a start makes of the last end: by the end of the process, of the machine, in order, or under another clock. */
class RecoveryTest {

    private static final String OTHER_BOOT = "01234567-89ab-cdef-0123-456789abcdef";

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    private final TestClock clock = new TestClock(1_763_683_200_000L);

    @Test
    void afterAKillNothingIsMissing() throws Exception {
        long[] seen = publishAndEnd("data", Durability.OS, false);
        try (RocksLog log = open("data", Durability.OS)) {
            assertThat(gap(log, seen[0])).isNull();
            assertThat(gap(log, seen[2])).isNull();
        }
    }

    @Test
    void whenTheMachineHasStartedAnewWhatWasOnlyWrittenCannotBeReliedOn() throws Exception {
        long[] seen = publishAndEnd("data", Durability.OS, false);
        boot("data", OTHER_BOOT);
        clock.advance(Duration.ofSeconds(5));
        for (int start = 0; start < 2; start++) {
            try (RocksLog log = open("data", Durability.OS)) {
                for (long after : seen) {
                    assertThat(gap(log, after)).as("start %d", start).isEqualTo(Gap.Reason.LOG_LOST);
                }
                long next = append(log, "next");
                assertThat(Position.millis(next)).isGreaterThanOrEqualTo(clock.millis());
                assertThat(gap(log, next)).as("of what came since").isNull();
                assertThat(events(log)).as("what is there is read").isEqualTo(4 + start);
            }
        }
    }

    @Test
    void whenTheMachineHasStartedAnewWhatWasSyncedIsThere() throws Exception {
        long[] seen = publishAndEnd("data", Durability.DISK, false);
        boot("data", OTHER_BOOT);
        try (RocksLog log = open("data", Durability.DISK)) {
            assertThat(gap(log, seen[0])).isNull();
            assertThat(gap(log, seen[2])).isNull();
            assertThat(events(log)).isEqualTo(3);
        }
    }

    @Test
    void afterAnEndInOrderAnotherStartOfTheMachineLosesNothing() throws Exception {
        long[] seen = publishAndEnd("data", Durability.OS, true);
        boot("data", OTHER_BOOT);
        try (RocksLog log = open("data", Durability.OS)) {
            assertThat(gap(log, seen[0])).isNull();
            assertThat(gap(log, seen[2])).isNull();
        }
    }

    @Test
    void aLogInUseSaysSoOnTheDiskAtOnceSoThatALossOfPowerAfterAnEndInOrderIsNoticed() throws Exception {
        long[] seen = publishAndEnd("data", Durability.OS, true);
        Path mark = directory.resolve("data/committed");
        try (RocksLog log = open("data", Durability.OS)) {
            byte[] inUse = Files.readAllBytes(
                    mark); // all that a disk without power since would hold: what was forced at the start
            append(log, "lost with the power");
            copyButMark("data", "cut");
            Files.write(directory.resolve("cut/committed"), inUse);
        }
        boot("cut", OTHER_BOOT);
        try (RocksLog log = open("cut", Durability.OS)) {
            assertThat(gap(log, seen[2])).isEqualTo(Gap.Reason.LOG_LOST);
        }
    }

    @Test
    void theClockStepsBackAcrossAStartAndPositionsDoNot() throws Exception {
        long[] seen = publishAndEnd("data", Durability.OS, false);
        clock.advance(Duration.ofDays(-2));
        try (RocksLog log = open("data", Durability.OS)) {
            long next = append(log, "next");
            assertThat(next).isGreaterThan(seen[2]);
            assertThat(gap(log, seen[0])).isNull();
            log.retain();
            assertThat(events(log)).isEqualTo(4);
            Audit.of(log, "after a step back");
        }
        clock.advance(Duration.ofDays(-2));
        try (RocksLog log = open("data", Durability.OS)) {
            assertThat(append(log, "another")).isGreaterThan(seen[2] + 1);
        }
    }

    @Test
    void readersOfALogThatWasOpenedAgainAreToldOfRemovalsTheyHaveNotJudged() throws Exception {
        Retention three = new Retention(Duration.ofDays(1), 1L << 30, 3, false, 100, Duration.ZERO);
        try (RocksLog log = RocksLog.open(directory, three, Durability.OS, Duration.ZERO, clock)) {
            long first = append(log, "1");
            for (int i = 2; i < 10; i++) {
                append(log, "e" + i);
                log.retain();
            }
            Page page = read(log, first, Reading.EVERY_GAP);
            State before = log.state();
            State reloaded = State.reload(log.store(), three, clock.millis(), before);
            assertThat(reloaded.directory.removals()).isGreaterThan(page.judged());
            Reading reading = new Reading(Selection.of("t"), first, first, 10, 1 << 20, false, page.judged() - 2);
            assertThat(reloaded.directory.gap(reading, reloaded.tail()))
                    .as("a removal it has not judged")
                    .isNotNull();
        }
    }

    private RocksLog open(String name, Durability durability) {
        Retention ample = new Retention(Duration.ofDays(1), 1L << 30, Long.MAX_VALUE, false, 100, Duration.ZERO);
        return RocksLog.open(directory.resolve(name), ample, durability, Duration.ZERO, clock);
    }

    private static long append(RocksLog log, String data) {
        return log.append(List.of(Publication.of("t", Event.message(data))))
                .toCompletableFuture()
                .join()[0];
    }

    private long[] publishAndEnd(String name, Durability durability, boolean inOrder) throws IOException {
        long[] positions = new long[3];
        try (RocksLog log = open(name + "-before", durability)) {
            for (int i = 0; i < 3; i++) {
                positions[i] = append(log, "e" + i);
                clock.advance(Duration.ofMillis(1));
            }
            if (!inOrder) {
                copy(name + "-before", name);
            }
        }
        if (inOrder) {
            copy(name + "-before", name);
        }
        return positions;
    }

    private void copy(String from, String to) throws IOException {
        Files.createDirectory(directory.resolve(to));
        copyButMark(from, to);
        Files.copy(
                directory.resolve(from).resolve("committed"),
                directory.resolve(to).resolve("committed"));
    }

    private void copyButMark(String from, String to) throws IOException {
        Path source = directory.resolve(from);
        try (Stream<Path> all = Files.walk(source)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                Path target =
                        directory.resolve(to).resolve(source.relativize(file).toString());
                if (!file.endsWith("lock") && !file.endsWith("committed")) {
                    Files.createDirectories(target.getParent());
                    Files.copy(file, target);
                }
            }
        }
    }

    /** As if the mark had been written on another start of the machine. */
    private void boot(String name, String id) throws IOException {
        Path file = directory.resolve(name).resolve("committed");
        ByteBuffer page = ByteBuffer.wrap(Files.readAllBytes(file));
        page.put(2, id.getBytes(StandardCharsets.US_ASCII));
        CRC32C sum = new CRC32C();
        sum.update(page.array(), 0, 38);
        page.putInt(38, (int) sum.getValue());
        Files.write(file, page.array());
    }

    private static Page read(RocksLog log, long after, long judged) {
        return log.read(new Reading(Selection.of("t"), after, after, 100, 1 << 20, false, judged))
                .toCompletableFuture()
                .join();
    }

    private static Gap.@Nullable Reason gap(RocksLog log, long after) {
        Gap gap = read(log, after, Reading.EVERY_GAP).gap();
        return gap == null ? null : gap.reason();
    }

    private static int events(RocksLog log) {
        return read(log, Position.START, Reading.NO_GAP).entries().size();
    }
}
