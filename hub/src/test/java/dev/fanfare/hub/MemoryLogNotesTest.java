package dev.fanfare.hub;

import static dev.fanfare.hub.Logs.AMPLE;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.get;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryLogNotesTest extends NotesContract {

    @Override
    protected EventLog open(Retention retention, InstantSource time) {
        return new MemoryLog(retention, time);
    }

    @Test
    void aLogFullOfNotesTakesNoNewOneUntilOneHasEnded() {
        EventLog log = log(AMPLE);
        append(log, new Note("n/0", "1", clock().millis() + 60_000));
        for (int i = 1; i < Notes.MOST; ) {
            List<Note> some = new ArrayList<>();
            for (int to = Math.min(Notes.MOST, i + 10_000); i < to; i++) {
                some.add(good("n/" + i, "1"));
            }
            get(log.append(some));
        }
        takesNoNewNoteUntilOneHasEnded(log);
    }
}
