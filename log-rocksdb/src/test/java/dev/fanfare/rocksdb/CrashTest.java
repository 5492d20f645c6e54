package dev.fanfare.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Lines;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDirectory.History;
import dev.fanfare.stream.Event;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Kills a process that publishes, with SIGKILL, in the middle of all it does, again and again, and holds what it was promised
 * against what is there.
 */
class CrashTest {

    private static final boolean LONG = Boolean.getBoolean("fanfare.long");
    private static final int KILLS = LONG ? 10 : 2;
    /** Of each process at least. */
    private static final int PROMISES = LONG ? 2_600 : 500;

    /** A log of 600,000 bytes holds no less of events: half of it may be keys, which may have gone since. */
    private static final long LEAST_HELD = 200_000;

    private static final String[] MOMENTS = {"a flush", "a compaction", "a retention pass"};

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    /** What was published and acknowledged. */
    private record Promise(long position, String key, List<Topic> topics, String data) {}

    private final NavigableMap<Long, Promise> promised = new TreeMap<>();
    private final Map<Topic, Long> deleted = new HashMap<>();
    private final Map<Topic, Long> ended = new HashMap<>();
    private final Map<String, Stored> noted = new HashMap<>();
    private final Set<String> notesInDoubt = new HashSet<>();
    private final Set<Topic> inDoubt = new HashSet<>();
    private final int[] killedDuring = new int[MOMENTS.length];

    @ParameterizedTest(name = "retention by {0}")
    @ValueSource(strings = {"count", "bytes"})
    void whatWasAcknowledgedIsThereAfterEveryKill(String mode) throws Exception {
        long seed = System.nanoTime();
        System.out.println("CrashTest seed " + seed);
        Random random = new Random(seed);
        long highest = 0;
        int kills = 0;
        int acknowledged = 0;
        for (; kills < KILLS || leastSeen() == 0 && kills < 3 * KILLS; kills++) {
            int kill = kills;
            int lines = publishUntilKilled(mode, kill, random);
            long lowestNew = readPromises(kill);
            assertThat(lowestNew).as("the first position after kill %d", kill).isGreaterThan(highest);
            assertThat(lines).isGreaterThanOrEqualTo(PROMISES);
            acknowledged += lines;
            highest = lookAfter(mode, kill);
        }
        System.out.printf(
                "%,d acknowledged, %,d of them events, %d killed, of these during %s%n",
                acknowledged, promised.size(), kills, Arrays.toString(MOMENTS) + Arrays.toString(killedDuring));
        assertThat(killedDuring).as("kills during " + Arrays.toString(MOMENTS)).doesNotContain(0);
    }

    /** The moment in which the fewest were killed. */
    private int rarest() {
        int rarest = 0;
        for (int moment = 1; moment < MOMENTS.length; moment++) {
            rarest = killedDuring[moment] < killedDuring[rarest] ? moment : rarest;
        }
        return rarest;
    }

    private int leastSeen() {
        return killedDuring[rarest()];
    }

    private Path promises(int kill) {
        return directory.resolve("promises-" + kill);
    }

    private int publishUntilKilled(String mode, int kill, Random random) throws Exception {
        Path file = directory.resolve("page-" + kill);
        ByteBuffer page = CrashingPublisher.page(file);
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CrashingPublisher.class.getName(),
                        directory.resolve("data").toString(),
                        file.toString(),
                        promises(kill).toString(),
                        mode,
                        "r" + kill)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output-" + kill).toFile())
                .start();
        try {
            int enough = PROMISES + random.nextInt(PROMISES / 4);
            await().atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> {
                        assertThat(process.isAlive()).as(output(kill)).isTrue();
                        return page.getLong(CrashingPublisher.PROMISES) >= enough;
                    });
            int moment = rarest();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (page.get(moment) == 0) {
                assertThat(System.nanoTime()).as("no " + MOMENTS[moment]).isLessThan(end);
                Thread.onSpinWait();
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        for (int moment = 0; moment < MOMENTS.length; moment++) {
            killedDuring[moment] += page.get(moment);
        }
        assertThat(process.exitValue()).as("killed: " + output(kill)).isEqualTo(137);
        return (int) page.getLong(CrashingPublisher.PROMISES);
    }

    private String output(int kill) {
        try {
            return Files.readString(directory.resolve("output-" + kill));
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }

    /** Reads what was promised; its lowest position. */
    private long readPromises(int kill) throws Exception {
        String text = Files.readString(promises(kill));
        long lowest = Long.MAX_VALUE;
        for (String line : text.substring(0, text.lastIndexOf('\n')).split("\n")) {
            String[] words = line.split(" ");
            if (words[0].equals("?")) {
                inDoubt.add(Topic.of(words[1]));
                continue;
            }
            if (words[0].equals("~")) {
                notesInDoubt.add(words[1]);
                continue;
            }
            long position = Position.parse(words[1]);
            lowest = Math.min(lowest, position);
            switch (words[0]) {
                case "p" -> {
                    List<Topic> topics =
                            Arrays.stream(words[3].split(",")).map(Topic::of).toList();
                    Promise before = promised.put(position, new Promise(position, words[2], topics, words[4]));
                    assertThat(before).as("given out twice").isNull();
                }
                case "d" -> deleted.put(Topic.of(words[2]), position);
                case "n" -> {
                    notesInDoubt.remove(words[2]);
                    String value = words[3].equals("-") ? "" : words[3];
                    noted.put(words[2], new Stored(position, new Note(words[2], value, Long.MAX_VALUE)));
                }
                case "e" -> ended.put(Topic.of(words[2]), position);
                default -> throw new IllegalStateException(line);
            }
        }
        return lowest;
    }

    /** Opens the log as a restart does, and looks; the highest position there. */
    private long lookAfter(String mode, int kill) {
        Lines warnings = Lines.of(RocksLog.class);
        try (warnings;
                RocksLog log = RocksLog.open(
                        directory.resolve("data"),
                        CrashingPublisher.retention(mode),
                        Durability.OS,
                        Duration.ofSeconds(10),
                        InstantSource.system())) {
            Audit.of(log, "after kill " + kill);
            assertThat(warnings.all()).as("warnings after kill -9").isEmpty();
            NavigableMap<Long, Stored> held = held(log, "**");
            assertThat(promised.lastKey())
                    .as("the newest that was acknowledged")
                    .isLessThanOrEqualTo(tail(log));
            checkHeld(log, mode, held);
            checkResumes(log, held);
            if (mode.equals("count")) { // else there may be no room to remember them
                checkKeys(log);
            }
            checkFacts(log);
            checkNotes(log);
            Audit.of(log, "after the look after kill " + kill);
            return tail(log);
        }
    }

    private static long tail(RocksLog log) {
        return log.tail().toCompletableFuture().join();
    }

    private static NavigableMap<Long, Stored> held(RocksLog log, String selector) {
        NavigableMap<Long, Stored> held = new TreeMap<>();
        Page page;
        long after = Position.START;
        do {
            page = log.read(Reading.of(Selection.of(selector), after, 500, 1 << 20))
                    .toCompletableFuture()
                    .join();
            for (Stored stored : page.entries()) {
                assertThat(stored.position()).as("in order").isGreaterThan(held.isEmpty() ? 0 : held.lastKey());
                held.put(stored.position(), stored);
            }
            after = page.scannedTo();
        } while (page.more());
        return held;
    }

    private void checkHeld(RocksLog log, String mode, NavigableMap<Long, Stored> held) {
        Map<Topic, NavigableMap<Long, Stored>> byTopic = new HashMap<>();
        List<String> lost = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        held.values().forEach(stored -> {
            if (stored.entry() instanceof Publication publication
                    && !publication.topic().name().startsWith("gone/")
                    && !publication.topic().name().startsWith("done/")
                    && !seen.add(publication.event().data())) {
                lost.add("twice: " + stored);
            }
        });
        for (Promise promise : promised.values()) {
            for (Topic topic : promise.topics) {
                NavigableMap<Long, Stored> events = byTopic.computeIfAbsent(topic, name -> held(log, name.toString()));
                Stored stored = events.get(promise.position);
                if (stored == null) {
                    boolean expired = mode.equals("count")
                            ? events.size() >= 200 && promise.position < events.firstKey()
                            : promise.position < held.firstKey() && log.state().bytes() > LEAST_HELD;
                    if (!expired) {
                        lost.add("lost: " + promise + " of " + topic + ", which holds " + events.size() + " from "
                                + events.firstKey());
                    }
                } else if (!(stored.entry() instanceof Publication publication)
                        || !publication.event().data().equals(promise.data)
                        || !publication.topics().equals(promise.topics)) {
                    lost.add("another: " + stored + " instead of " + promise);
                }
            }
        }
        assertThat(lost.stream().limit(10)).as("%d events", lost.size()).isEmpty();
    }

    private void checkResumes(RocksLog log, NavigableMap<Long, Stored> held) {
        List<String> gaps = new ArrayList<>();
        for (int topic = 0; topic < CrashingPublisher.TOPICS; topic++) {
            String name = "t/" + topic;
            for (long position : held(log, name).keySet()) {
                resume(log, name, position, gaps);
            }
        }
        resume(log, "**", promised.lastKey(), gaps);
        resume(log, "t/*", Math.max(log.state().directory.highestHorizon(), held.firstKey()), gaps);
        assertThat(gaps.stream().limit(5)).as("gaps").isEmpty();
    }

    private static void resume(RocksLog log, String selector, long after, List<String> gaps) {
        Page page = log.read(Reading.of(Selection.of(selector), after, 5, 1 << 20))
                .toCompletableFuture()
                .join();
        if (page.gap() != null && page.gap().reason() != Gap.Reason.DELETED) {
            gaps.add(selector + " after " + after + ": " + page.gap());
        }
    }

    private void checkKeys(RocksLog log) {
        for (Promise promise : promised.values()) {
            if (!promise.key.equals("-")) {
                Publication again = new Publication(promise.topics, Event.message(promise.data), promise.key);
                assertThat(append(log, again)).as("the position of " + promise).isEqualTo(promise.position);
            }
        }
    }

    private void checkFacts(RocksLog log) {
        deleted.forEach((topic, position) -> {
            if (deletedLast(topic)) {
                assertThat(held(log, topic.name())).as(topic + " was deleted").isEmpty();
            }
        });
        ended.forEach((topic, position) -> {
            History<Facts> history = log.state().directory.find(topic);
            if (history == null) {
                assertThat(position)
                        .as(topic + " has ended")
                        .isLessThanOrEqualTo(log.state().front());
                return;
            }
            assertThat(history.ended()).as(topic + " has ended").isEqualTo(position);
            assertThatThrownBy(() -> append(log, Publication.of(topic.name(), Event.message("more"))))
                    .as(topic.name())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(AppendRefused.class);
        });
    }

    /** What was noted last is there, unless something came after it that was not acknowledged any more. */
    private void checkNotes(RocksLog log) {
        assertThat(noted).as("notes").isNotEmpty();
        Map<String, Stored> held = new HashMap<>();
        for (Stored stored : log.notes("note/").toCompletableFuture().join()) {
            held.put(((Note) stored.entry()).name(), stored);
        }
        noted.forEach((name, last) -> {
            Stored found = held.get(name);
            if (notesInDoubt.contains(name)) {
                assertThat(found == null || found.equals(last) || found.position() > last.position())
                        .as("%s, then one in doubt: %s", last, found)
                        .isTrue();
            } else if (((Note) last.entry()).isRemoval()) {
                assertThat(found).as("removed: %s", last).isNull();
            } else {
                assertThat(found).isEqualTo(last);
            }
        });
    }

    /** Whether nothing was published to it, or deleted, without a promise. */
    private boolean deletedLast(Topic topic) {
        return inDoubt.contains(topic) && deleted.containsKey(topic);
    }

    private static long append(RocksLog log, Entry entry) {
        return log.append(List.of(entry)).toCompletableFuture().join()[0];
    }
}
