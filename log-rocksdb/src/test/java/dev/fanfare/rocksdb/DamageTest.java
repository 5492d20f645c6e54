package dev.fanfare.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Lines;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import dev.fanfare.stream.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.rocksdb.FlushOptions;

/** Cuts and flips what lies on the disk, mostly at the end of the newest file of a kind: what is lost is told, and the log goes on. */
class DamageTest {

    private static final boolean LONG = Boolean.getBoolean("fanfare.long");
    private static final int TRIES = LONG ? 100 : 6;
    private static final Retention AMPLE =
            new Retention(Duration.ofDays(1), 1L << 30, Long.MAX_VALUE, false, 100_000, Duration.ofMinutes(10));

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    private final List<Long> acknowledged = new ArrayList<>();

    @ParameterizedTest(name = "{0}, closed in order: {1}")
    @CsvSource({
        ".log, false", ".log, true",
        ".sst, false", ".sst, true",
        "MANIFEST, false", "MANIFEST, true",
        "committed, false", "committed, true",
        "CURRENT, false", "CURRENT, true",
    })
    void whatADamageTookIsToldAndTheLogGoesOn(String kind, boolean closed) throws Exception {
        long seed = Long.getLong("fanfare.seed", System.nanoTime());
        System.out.printf("DamageTest %s %s seed %d (-Dfanfare.seed)%n", kind, closed, seed);
        Random random = new Random(seed);
        int losses = 0;
        for (int i = 0; i < TRIES; i++) {
            Path data = Files.createDirectory(directory.resolve("try-" + i));
            fill(data, closed, random);
            String damage = damage(data, kind, random);
            losses += look(data, damage + ", try " + i + ", seed " + seed);
            delete(data);
        }
        System.out.printf("%d of %d lost events%n", losses, TRIES);
    }

    /** RocksDB 10.10 looks for the next record for ever after one of a type that is for files that are used again. */
    @ParameterizedTest
    @CsvSource({".log", "MANIFEST"})
    void aTypeOfRecordThatIsNotOursDoesNotHoldUpTheStart(String kind) throws Exception {
        for (int i = 0; i < 3; i++) {
            Path data = Files.createDirectory(directory.resolve("type-" + i));
            fill(data, true, new Random(i));
            Path file;
            try (Stream<Path> all = Files.walk(data)) {
                file = all.filter(path -> path.getFileName().toString().startsWith(kind)
                                || path.getFileName().toString().endsWith(kind))
                        .max(Comparator.naturalOrder())
                        .orElseThrow();
            }
            byte[] bytes = Files.readAllBytes(file);
            if (bytes.length > 7) {
                bytes[6] += bytes[6] < 0 ? 1 : 4; // the first record's type
                Files.write(file, bytes);
                assertThat(look(data, kind + " " + i))
                        .as("nothing is lost: the type is known again")
                        .isZero();
            }
            delete(data);
        }
    }

    @Test
    void aBlockThatIsDamagedAnywhereIsLeftOutOnceItIsReadAndAllElseStays() throws Exception {
        long seed = Long.getLong("fanfare.seed", System.nanoTime());
        System.out.printf("DamageTest anywhere seed %d (-Dfanfare.seed)%n", seed);
        Random random = new Random(seed);
        int rescued = 0;
        for (int i = 0; i < TRIES; i++) {
            Path data = Files.createDirectory(directory.resolve("try-" + i));
            fill(data, true, random);
            String damage = flipAnywhere(data, random) + ", try " + i + ", seed " + seed;
            try (RocksLog log = open(data)) {
                await().ignoreExceptions().untilAsserted(() -> readEverything(log));
                await().untilAsserted(() ->
                        assertThat(append(log, "after the damage")).isPositive());
                Audit.of(log, damage);
                Set<Long> lost = new TreeSet<>(acknowledged);
                lost.removeAll(held(log));
                checkGaps(log, lost, damage);
            }
            try (Lines lines = Lines.of(RocksLog.class);
                    RocksLog again = open(data)) {
                assertThat(lines.all()).as("lines when opened again, " + damage).isEmpty();
                readEverything(again);
                Audit.of(again, "again, " + damage);
            }
            try (Stream<Path> kept = Files.list(data)) {
                rescued +=
                        (int) kept.filter(path -> path.getFileName().toString().startsWith("damaged-"))
                                .count();
            }
            delete(data);
        }
        System.out.printf("%d of %d were rescued%n", rescued, TRIES);
        assertThat(rescued).as("damages that were met").isPositive();
    }

    @Test
    void ofALargeFileOnlyTheDamagedBlockIsLost() throws Exception {
        Path data = directory.resolve("large");
        Note note = new Note("revoked/alice", "1763683200", Long.MAX_VALUE);
        Random random = new Random(7);
        try (RocksLog log = open(data);
                FlushOptions options = new FlushOptions()) {
            for (int i = 0; i < 2_000; i++) {
                String noise = random.ints(500, ' ', '~')
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
                acknowledged.add(append(log, noise));
            }
            log.append(List.of(note)).toCompletableFuture().join();
            log.store().db().flush(options, log.store().families());
        }
        Path file;
        try (Stream<Path> all = Files.walk(data)) {
            file = all.filter(path -> path.toString().endsWith(".sst"))
                    .max(Comparator.comparingLong(path -> path.toFile().length()))
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        try (RocksLog log = open(data)) {
            await().ignoreExceptions().untilAsserted(() -> readEverything(log));
            Set<Long> lost = new TreeSet<>(acknowledged);
            lost.removeAll(held(log));
            assertThat(lost).hasSizeBetween(1, 20);
            assertThat(log.notes("").toCompletableFuture().join())
                    .as("notes, none of which were in the block")
                    .extracting(Stored::entry)
                    .containsExactly(note);
            checkGaps(log, lost, "one block");
            Audit.of(log, "one block");
        }
    }

    private static String flipAnywhere(Path data, Random random) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(data)) {
            files = all.filter(path -> path.toString().endsWith(".sst"))
                    .sorted()
                    .toList();
        }
        if (files.isEmpty()) {
            return "no file yet";
        }
        Path file = files.get(random.nextInt(files.size()));
        byte[] bytes = Files.readAllBytes(file);
        int at = random.nextInt(bytes.length);
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, bytes);
        return file.getFileName() + " flipped at " + at + " of " + bytes.length;
    }

    private static void readEverything(RocksLog log) {
        held(log);
        for (int topic = 0; topic < 5; topic++) {
            log.read(Reading.of(Selection.of("t/" + topic), 0, 10_000, 1 << 30))
                    .toCompletableFuture()
                    .join();
        }
    }

    private static long append(RocksLog log, String text) {
        return log.append(List.of(Publication.of("t/1", Event.message(text))))
                .toCompletableFuture()
                .join()[0];
    }

    private void fill(Path data, boolean closed, Random random) throws Exception {
        acknowledged.clear();
        Path original = data.resolveSibling(data.getFileName() + "-original");
        try (RocksLog log = open(original);
                FlushOptions options = new FlushOptions()) {
            int files = random.nextInt(4);
            for (int file = 0; file <= files; file++) {
                for (int i = random.nextInt(60) + 5; i > 0; i--) {
                    String text = "x".repeat(random.nextInt(2_000));
                    acknowledged.add(log.append(List.of(Publication.of("t/" + random.nextInt(5), Event.message(text))))
                            .toCompletableFuture()
                            .join()[0]);
                }
                if (file < files || closed && random.nextBoolean()) {
                    log.store().db().flush(options, log.store().families());
                    if (random.nextInt(3) == 0) {
                        log.reclaim();
                    }
                }
            }
            if (!closed) {
                copy(original, data); // as kill -9 leaves it
            }
        }
        if (closed) {
            copy(original, data);
        }
        delete(original);
    }

    private static RocksLog open(Path data) {
        return RocksLog.open(data, AMPLE, Durability.OS, Duration.ZERO, InstantSource.system());
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.resolve("db"));
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith("lock")) {
                    Files.copy(file, to.resolve(from.relativize(file).toString()));
                }
            }
        }
    }

    private static void delete(Path path) throws IOException {
        try (Stream<Path> all = Files.walk(path)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static String damage(Path data, String kind, Random random) throws IOException {
        Path file;
        try (Stream<Path> all = Files.walk(data)) {
            file = all.filter(path -> {
                        String name = path.getFileName().toString();
                        return name.startsWith(kind) || name.endsWith(kind);
                    })
                    .max(Comparator.comparing(path -> path.getFileName().toString()))
                    .orElse(null);
        }
        if (file == null) {
            return "no " + kind;
        }
        byte[] bytes = Files.readAllBytes(file);
        int used = kind.equals("committed") ? 80 : bytes.length;
        int most = Math.max(1, Math.min(used, random.nextBoolean() ? 64 : used / 3));
        int at = used - 1 - random.nextInt(most);
        if (used == 0) {
            return file.getFileName() + " is empty";
        }
        if (random.nextBoolean()) {
            Files.write(file, Arrays.copyOf(bytes, at));
            return file.getFileName() + " cut at " + at + " of " + used;
        }
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, bytes);
        return file.getFileName() + " flipped at " + at + " of " + used;
    }

    /** Opens it and looks; 1 if events are lost. */
    private int look(Path data, String damage) {
        Set<Long> lost;
        long highest = acknowledged.get(acknowledged.size() - 1);
        try (Lines lines = Lines.of(RocksLog.class);
                RocksLog log = open(data)) {
            Audit.of(log, damage);
            Set<Long> held = held(log);
            lost = new TreeSet<>(acknowledged);
            lost.removeAll(held);
            if (!lost.isEmpty()) {
                assertThat(lines.all())
                        .as("lines about %d lost events, %s", lost.size(), damage)
                        .isNotEmpty();
            }
            checkGaps(log, lost, damage);
            assertThat(log.append(List.of(Publication.of("t/1", Event.message("new"))))
                            .toCompletableFuture()
                            .join()[0])
                    .as("the next position, " + damage)
                    .isGreaterThan(highest)
                    .isLessThan(Position.of(System.currentTimeMillis() + 3_600_000, 0));
        }
        try (Lines lines = Lines.of(RocksLog.class);
                RocksLog again = open(data)) {
            assertThat(lines.all()).as("lines when opened again, " + damage).isEmpty();
            Audit.of(again, "again, " + damage);
            checkGaps(again, lost, "again, " + damage);
        }
        return lost.isEmpty() ? 0 : 1;
    }

    private static Set<Long> held(RocksLog log) {
        Set<Long> held = new TreeSet<>();
        Page page;
        long after = Position.START;
        do {
            page = log.read(Reading.of(Selection.of("**"), after, 100, 1 << 20))
                    .toCompletableFuture()
                    .join();
            page.entries().stream().map(Stored::position).forEach(held::add);
            after = page.scannedTo();
        } while (page.more());
        return held;
    }

    /** Whoever is before something that is lost is told so, and nobody else if the log knows how far it had come. */
    private void checkGaps(RocksLog log, Set<Long> lost, String damage) {
        long newestLost = lost.stream().mapToLong(Long::longValue).max().orElse(0);
        for (long after : acknowledged) {
            for (String selector : new String[] {"**", "t/1", "none"}) {
                Gap gap = log.read(Reading.of(Selection.of(selector), after, 1, 1))
                        .toCompletableFuture()
                        .join()
                        .gap();
                if (after < newestLost) {
                    assertThat(gap)
                            .as("%s from %d, lost up to %d, %s", selector, after, newestLost, damage)
                            .isNotNull()
                            .extracting(Gap::reason)
                            .isEqualTo(Gap.Reason.LOG_LOST);
                }
            }
        }
    }
}
