package dev.fanfare.redis;

import static dev.fanfare.hub.Logs.AMPLE;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Notes;
import dev.fanfare.hub.NotesContract;
import dev.fanfare.hub.Retention;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisLogNotesTest extends NotesContract {

    @SuppressWarnings("NullAway.Init") // JUnit calls start
    private static RedisServer server;

    @BeforeAll
    static void start() {
        server = new RedisServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Override
    protected EventLog open(Retention retention, InstantSource time) {
        return server.open(retention, time);
    }

    @Override
    public void retain(EventLog log) {
        ((RedisLog) log).retain();
    }

    @Test
    void aLogFullOfNotesTakesNoNewOneUntilOneHasEnded() {
        try (RedisLog log = server.open("full", AMPLE, clock())) {
            append(log, new Note("n/0", "1", clock().millis() + 60_000));
            fill("full", Notes.MOST - 1, Long.MAX_VALUE);
            takesNoNewNoteUntilOneHasEnded(log);
        }
    }

    @Test
    void notesForATimeLeaveRoomForThoseThatHoldForGood() {
        long later = clock().millis() + 60_000;
        try (RedisLog log = server.open("tickets", AMPLE, clock())) {
            append(log, new Note("n/0", "1", later));
            fill("tickets", Notes.MOST_ENDING - 1, later);

            assertRefused(log.append(List.of(new Note("more", "1", later))), AppendRefused.Reason.NO_ROOM);
            note(log, "revoked/alice", "1");
        }
    }

    /** Puts so many notes into a hub that has one, as the script does, but for their entries. */
    private static void fill(String hub, int count, long until) {
        String script = """
                for i = 1, ARGV[1] do
                  local name = 'n/' .. i
                  redis.call('HSET', KEYS[1] .. 'notes', name, ('0'):rep(16) .. ARGV[2] .. '\\n1')
                  redis.call('ZADD', KEYS[1] .. 'note-names', 0, name)
                  if ARGV[2] ~= '9223372036854775807' then
                    redis.call('ZADD', KEYS[1] .. 'note-ends', ARGV[2], name)
                  end
                end
                return 'filled'
                """;
        assertThat(server.command("eval", script, "1", "{" + hub + "}:", "" + count, "" + until))
                .isEqualTo("filled");
    }
}
