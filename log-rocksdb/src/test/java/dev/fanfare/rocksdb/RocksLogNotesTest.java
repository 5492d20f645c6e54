package dev.fanfare.rocksdb;

import static dev.fanfare.hub.Logs.AMPLE;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.event;
import static dev.fanfare.hub.Logs.follow;
import static dev.fanfare.hub.Logs.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Lines;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Notes;
import dev.fanfare.hub.NotesContract;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Stored;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RocksLogNotesTest extends NotesContract {

    @TempDir
    @SuppressWarnings("NullAway") // JUnit sets it
    Path directory;

    @Override
    protected EventLog open(Retention retention, InstantSource time) {
        try {
            return open(Files.createTempDirectory(directory, "log"), retention, time);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static RocksLog open(Path data, Retention retention, InstantSource time) {
        return RocksLog.open(data, retention, Durability.OS, Duration.ZERO, time);
    }

    private RocksLog open(Path data) {
        return open(data, AMPLE, clock());
    }

    @Override
    public void retain(EventLog log) {
        ((RocksLog) log).retain();
    }

    @Test
    void notesSurviveARestartWithTheirPositionsAndTimes() {
        Path data = directory.resolve("data");
        List<Stored> before;
        try (RocksLog log = open(data)) {
            append(log, event("t", "1"));
            note(log, "a", "1");
            note(log, "b", "1");
            note(log, "a", "2");
            append(log, new Note("c", "1", clock().millis() + 60_000));
            note(log, "b", "");
            before = get(log.notes(""));
            assertThat(before).hasSize(2);
        }
        try (RocksLog log = open(data)) {
            assertThat(get(log.notes(""))).isEqualTo(before);
            Audit.of(log, "after a restart");
            List<Stored> followed = follow(log, Position.START);
            assertThat(followed).containsAll(before);
        }
        clock().advance(Duration.ofMinutes(1));
        try (RocksLog log = open(data)) {
            assertThat(notes(log, "")).containsExactly("a=2");
            log.retain();
            Audit.of(log, "after the end of a note");
        }
    }

    @Test
    void positionsGoOnAfterANoteThatIsNotThereAnyMore() {
        Path data = directory.resolve("data");
        long before;
        try (RocksLog log = open(data)) {
            long event = append(log, event("t", "1"));
            clock().advance(Duration.ofMinutes(1));
            note(log, "a", "1");
            before = note(log, "a", "");
            clock().advance(Duration.ofMinutes(-1));
            assertThat(before).isGreaterThan(event);
        }
        try (Lines lines = Lines.of(RocksLog.class);
                RocksLog log = open(data)) {
            assertThat(lines.all()).as("nothing is missing").isEmpty();
            assertThat(get(log.tail())).isEqualTo(before);
            assertThat(get(log.read(Reading.of(Selection.of("t"), before, 1, 1)))
                            .gap())
                    .isNull();
            assertThat(append(log, event("t", "2"))).isGreaterThan(before);
        }
    }

    @Test
    void aDirectoryFromBeforeThereWereNotesOpens() throws Exception {
        Path data = directory.resolve("data");
        long before;
        try (RocksLog log = open(data)) {
            before = append(log, event("t", "1"));
            log.store().db().dropColumnFamily(log.store().notes());
        }
        try (Lines lines = Lines.of(RocksLog.class);
                RocksLog log = open(data)) {
            assertThat(lines.all()).isEmpty();
            assertThat(get(log.tail())).isEqualTo(before);
            note(log, "a", "1");
        }
        try (RocksLog log = open(data)) {
            assertThat(notes(log, "")).containsExactly("a=1");
        }
    }

    @Test
    void aLogFullOfNotesTakesNoNewOneUntilOneHasEnded() {
        RocksLog log = (RocksLog) log(AMPLE);
        append(log, new Note("n/0", "1", clock().millis() + 60_000));
        State state = log.state();
        state.lock.lock();
        try {
            for (int i = 1; i < Notes.MOST; i++) { // in memory alone: a million on disk would take ten seconds
                state.notes.put(new Stored(i, good("n/" + i, "1")));
            }
        } finally {
            state.lock.unlock();
        }
        takesNoNewNoteUntilOneHasEnded(log);
    }
}
