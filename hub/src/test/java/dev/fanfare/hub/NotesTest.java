package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

class NotesTest {

    private static final Note OPENING = new Note("opening/one-more", "1", 60_000);
    private static final Note REVOCATION = new Note("revoked/alice", "revoked", Long.MAX_VALUE);

    private final Notes notes = new Notes();

    @Test
    void notesForATimeLeaveRoomForThoseThatHoldForGood() {
        for (int i = 0; i < Notes.MOST_ENDING; i++) {
            notes.put(new Stored(i + 1, new Note("opening/" + i, "1", 60_000)));
        }

        assertThatExceptionOfType(AppendRefused.class)
                .isThrownBy(() -> notes.addsOne(OPENING, 0))
                .extracting(AppendRefused::reason)
                .isEqualTo(AppendRefused.Reason.NO_ROOM);
        assertThat(notes.addsOne(REVOCATION, 0)).isTrue();

        notes.expire(60_000, 1);
        assertThat(notes.addsOne(OPENING, 0)).isTrue();
    }
}
