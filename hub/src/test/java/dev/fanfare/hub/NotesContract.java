package dev.fanfare.hub;

import static dev.fanfare.hub.Logs.AMPLE;
import static dev.fanfare.hub.Logs.append;
import static dev.fanfare.hub.Logs.assertRefused;
import static dev.fanfare.hub.Logs.event;
import static dev.fanfare.hub.Logs.follow;
import static dev.fanfare.hub.Logs.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What every {@link EventLog} keeps of notes. A log's own test extends this and opens it. */
public abstract class NotesContract extends LogFixture {

    @Test
    void theNewestNoteOfANameHolds() {
        EventLog log = log(AMPLE);
        note(log, "a", "1");
        long other = note(log, "b", "other");
        long newest = note(log, "a", "2");

        assertThat(notes(log, "")).containsExactly("b=other", "a=2");
        assertThat(get(log.notes(""))).extracting(Stored::position).containsExactly(other, newest);
        assertThat(get(log.size()).notes()).isEqualTo(2);
    }

    @Test
    void ofSeveralInOneAppendTheLastHolds() {
        EventLog log = log(AMPLE);
        note(log, "a", "0");
        long[] positions = get(log.append(List.of(good("a", "1"), good("b", "1"), good("a", "2"), good("b", ""))));

        assertThat(positions).hasSize(4).isSorted().doesNotHaveDuplicates();
        assertThat(notes(log, "")).containsExactly("a=2");
    }

    @Test
    void notesAreListedByTheBeginningOfTheirNames() {
        EventLog log = log(AMPLE);
        note(log, "ticket/2", "b");
        note(log, "ticket/1", "a");
        note(log, "ticket-key/1", "k");
        note(log, "revoked/ticket/1", "r");

        assertThat(notes(log, "ticket/")).containsExactly("ticket/2=b", "ticket/1=a");
        assertThat(notes(log, "ticket/1")).containsExactly("ticket/1=a");
        assertThat(notes(log, "none")).isEmpty();
    }

    @Test
    void anEmptyValueRemovesANote() {
        EventLog log = log(AMPLE);
        note(log, "a", "1");
        note(log, "b", "1");
        note(log, "a", "");
        note(log, "never", "");

        assertThat(notes(log, "")).containsExactly("b=1");
        assertThat(get(log.size()).notes()).isEqualTo(1);
        note(log, "a", "again");
        assertThat(notes(log, "")).containsExactly("b=1", "a=again");
    }

    @Test
    void aNoteHoldsUntilItsTime() {
        EventLog log = log(AMPLE);
        long end = clock().millis() + 60_000;
        get(log.append(List.of(new Note("short", "1", end), new Note("long", "1", end + 1), good("good", "1"))));
        clock().advance(Duration.ofMillis(59_999));
        assertThat(notes(log, "")).containsExactly("short=1", "long=1", "good=1");

        clock().advance(Duration.ofMillis(1));
        assertThat(notes(log, "")).containsExactly("long=1", "good=1");
        clock().advance(Duration.ofDays(36_500));
        assertThat(notes(log, "")).containsExactly("good=1");
        retain(log);
        assertThat(get(log.size()).notes()).isEqualTo(1);
    }

    @Test
    void aNoteThatIsReplacedHoldsUntilTheTimeOfTheNewOne() {
        EventLog log = log(AMPLE);
        long now = clock().millis();
        get(log.append(List.of(new Note("longer", "1", now + 1_000), new Note("shorter", "1", now + 9_000))));
        get(log.append(List.of(new Note("longer", "2", now + 9_000), new Note("shorter", "2", now + 1_000))));
        clock().advance(Duration.ofMillis(1_000));
        retain(log);

        assertThat(notes(log, "")).containsExactly("longer=2");
        get(log.append(List.of(new Note("longer", "3", now)))); // over before it begins
        assertThat(notes(log, "")).isEmpty();
        retain(log);
        assertThat(get(log.size()).notes()).isZero();
    }

    @Test
    void followersAreGivenNotesInTheOrderOfAllEntries() {
        EventLog log = log(AMPLE);
        List<Stored> live = follow(log, get(log.tail()));
        List<Entry> all = List.of(
                event("t", "1"),
                good("a", "1"),
                event("t", "2"),
                good("b", "1"),
                good("a", "2"),
                good("c", "1"),
                event("t", "3"),
                good("c", ""),
                new TopicDeleted(Topic.of("u")));
        long[] positions = get(log.append(all));
        note(log, "d", "1");

        assertThat(live)
                .extracting(Stored::entry)
                .startsWith(all.toArray(Entry[]::new))
                .hasSize(10);
        assertThat(live).isSortedAccordingTo(Comparator.comparingLong(Stored::position));

        List<Stored> late = follow(log, positions[0]);
        assertThat(late)
                .as("what holds of it, after the first")
                .extracting(Stored::entry)
                .containsSubsequence(event("t", "2"), good("b", "1"), good("a", "2"), event("t", "3"), good("d", "1"));
        assertThat(late).isSortedAccordingTo(Comparator.comparingLong(Stored::position));
        assertThat(late).extracting(Stored::position).allMatch(position -> position > positions[0]);
    }

    @Test
    void aFollowerComesToTheTailAlsoWhenTheNewestNoteHasBeenRemoved() {
        EventLog log = log(AMPLE);
        get(log.append(List.of(event("t", "1"), good("a", "1"))));
        long tail = note(log, "a", "");

        List<Stored> followed = follow(log, Position.START);
        assertThat(get(log.tail())).isEqualTo(tail);
        assertThat(followed).last().extracting(Stored::position).isEqualTo(tail);
    }

    @Test
    void concurrentNotesOfOneNameLeaveTheNewest() {
        EventLog log = log(AMPLE);
        List<Stored> followed = follow(log, get(log.tail()));
        int threads = 4;
        int each = 250;
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int thread = i;
            all.add(CompletableFuture.runAsync(() -> {
                for (int j = 0; j < each; j++) {
                    note(log, "one", thread + "." + j);
                    note(log, "of/" + thread, Integer.toString(j));
                }
            }));
        }
        get(CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)));

        assertThat(followed).hasSize(2 * threads * each);
        Stored newest = followed.stream()
                .filter(stored -> ((Note) stored.entry()).name().equals("one"))
                .max(Comparator.comparingLong(Stored::position))
                .orElseThrow();
        assertThat(get(log.notes("one"))).containsExactly(newest);
        assertThat(notes(log, "of/")).containsExactlyInAnyOrder("of/0=249", "of/1=249", "of/2=249", "of/3=249");
    }

    @Test
    void notesAreNoEvents() {
        EventLog log = log(AMPLE);
        long before = append(log, event("t", "1"));
        EventLog.Size size = get(log.size());
        long note = note(log, "t", "1");
        note(log, "t", "");

        assertThat(get(log.size()))
                .isEqualTo(new EventLog.Size(size.topics(), size.events(), size.bytes(), 0, size.floor(), size.read()));
        assertThat(note).isGreaterThan(before);
        assertThat(get(log.topics("", "", 10))).hasSize(1);
        Page page = get(log.read(Reading.of(Selection.of("**"), before, 10, 1 << 20)));
        assertThat(page.entries()).isEmpty();
        assertThat(page.gap()).isNull();
        assertThat(page.scannedTo()).isEqualTo(get(log.tail())).isGreaterThan(note);
        assertThat(page.more()).isFalse();
        assertThat(get(log.read(Reading.of(Selection.of("t"), note, 10, 1 << 20)))
                        .gap())
                .as("from a note's position")
                .isNull();
    }

    @Test
    void retentionOfEventsDoesNotTouchNotes() {
        Retention little = new Retention(Duration.ofMinutes(1), 5_000, 1, false, 1_000, Duration.ZERO);
        EventLog log = log(little);
        note(log, "kept", "1");
        for (int i = 0; i < 100; i++) {
            append(log, event("t/" + i % 5, "x".repeat(200)));
            note(log, "kept/" + i, "y".repeat(200));
        }
        retain(log);
        clock().advance(Duration.ofMinutes(5));
        retain(log);

        assertThat(get(log.size()).events()).isZero();
        assertThat(get(log.notes("kept"))).hasSize(101);
        long floor = get(log.size()).floor();
        note(log, "kept", "2");
        clock().advance(Duration.ofDays(3));
        retain(log);
        assertThat(get(log.size()).floor()).as("no horizon has moved").isEqualTo(floor);
        assertThat(notes(log, "kept")).contains("kept=2");
    }

    @Test
    void aRefusedAppendLeavesItsNotesOut() {
        EventLog log = log(AMPLE);
        note(log, "a", "1");
        get(log.append(List.of(new TopicEnded(Topic.of("over"), TopicEnded.Reason.DONE))));

        CompletionStage<long[]> refused =
                log.append(List.of(good("a", "2"), good("b", "1"), event("over", "more"), good("a", "")));
        assertRefused(refused, AppendRefused.Reason.ENDED);
        assertThat(notes(log, "")).containsExactly("a=1");
    }

    @Test
    void streamsPassOverNotesAndMissNothing() {
        try (TestHub hub = new TestHub(log(AMPLE), TestHub.SETTINGS)) {
            TestHub.Stream live = hub.open(Subscription.to("t"));
            hub.publish("t", "1");
            note(hub.log, "a", "1");
            hub.publish("t", "2");
            note(hub.log, "a", "2");
            hub.passed();
            TestHub.Stream late = hub.open(Subscription.to("t").from(Start.OLDEST));
            hub.awaitLive(late);
            hub.publish("t", "3");
            hub.awaitLive(live);
            hub.awaitLive(late);

            assertThat(live.sink().data()).containsExactly("1", "2", "3");
            assertThat(late.sink().data()).containsExactly("1", "2", "3");
            assertThat(hub.hub.published()).as("events").isEqualTo(3);
        }
    }

    @Test
    void aStreamThatComesBackAfterARestartIsLiveThoughANoteCameLast() {
        EventLog log = log(AMPLE);
        append(log, event("t", "1"));
        note(log, "a", "1");
        note(log, "a", "");
        String tail = Position.text(get(log.tail()));
        try (TestHub hub = new TestHub(log, TestHub.SETTINGS)) { // which has not seen the notes come
            TestHub.Stream back = hub.open(Subscription.to("t").resumeAfter(tail));
            hub.awaitLive(back);
            assertThat(back.sink().data()).isEmpty();
            hub.publish("t", "2");
            hub.awaitLive(back);
            assertThat(back.sink().data()).containsExactly("2");
        }
    }

    @Test
    void whatIsTooLongIsRefused() {
        new Note("n".repeat(512), "v".repeat(4_096), Long.MAX_VALUE);
        assertThatThrownBy(() -> good("é".repeat(257), "v")).hasMessageContaining("514 bytes (expected: 1 to 512)");
        assertThatThrownBy(() -> good("", "v")).hasMessageContaining("0 bytes (expected: 1 to 512)");
        assertThatThrownBy(() -> good("n", "é".repeat(2_049))).hasMessageContaining("4098 bytes (expected: 0 to 4096)");
        assertThatThrownBy(() -> new Note("n", "v", -1)).hasMessageContaining("until -1");
        EventLog log = log(AMPLE);
        note(log, "é".repeat(256), "é".repeat(2_048));
        assertThat(notes(log, "é")).hasSize(1);
    }

    /** What a log does that holds as many notes as there may be; {@code n/0} is one of them and ends within the hour. */
    protected final void takesNoNewNoteUntilOneHasEnded(EventLog log) {
        assertRefused(log.append(List.of(good("more", "1"))), AppendRefused.Reason.NO_ROOM)
                .hasMessageContaining("1000000 notes");
        note(log, "n/1", "another");
        append(log, event("t", "1"));
        note(log, "n/1", "");
        note(log, "more", "1");
        assertRefused(log.append(List.of(good("yet more", "1"))), AppendRefused.Reason.NO_ROOM);
        clock().advance(Duration.ofHours(1));
        retain(log);
        note(log, "yet more", "1");
        assertThat(notes(log, "yet")).containsExactly("yet more=1");
    }

    // how these tests speak to a log

    /** A note for good. */
    protected static Note good(String name, String value) {
        return new Note(name, value, Long.MAX_VALUE);
    }

    /** Appends a note for good. */
    protected static long note(EventLog log, String name, String value) {
        return append(log, good(name, value));
    }

    /** The notes that hold, as {@code name=value}. */
    protected static List<String> notes(EventLog log, String prefix) {
        List<String> found = new ArrayList<>();
        for (Stored stored : get(log.notes(prefix))) {
            Note note = (Note) stored.entry();
            found.add(note.name() + "=" + note.value());
        }
        return found;
    }
}
