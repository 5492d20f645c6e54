package dev.fanfare.redis;

import static dev.fanfare.hub.Logs.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.EventLog.TopicSummary;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Retention;
import dev.fanfare.hub.Selection;
import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicDeleted;
import dev.fanfare.stream.Event;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** While a script runs the server does nothing else: what a question costs in one is bounded, whatever is asked. */
class ScriptBoundsTest {

    private static final int MANY = 30_000;

    @SuppressWarnings("NullAway.Init") // JUnit calls start
    private static RedisServer server;

    @SuppressWarnings("NullAway.Init")
    private static RedisLog log;

    private static final List<Long> positions = new ArrayList<>();

    @BeforeAll
    static void fill() {
        server = new RedisServer();
        log = server.open("bounds", Retention.DEFAULT, null);
        append(Event.of("rare", "1"));
        append(Event.of("rare", "2"));
        for (int i = 2; i <= MANY; i += 1_000) {
            get(log.append(IntStream.range(i, i + 1_000)
                    .mapToObj(n -> Publication.of("a", Event.message(Integer.toString(n))))
                    .toList()));
        }
        Page page;
        long after = 0;
        do {
            page = get(log.read(Reading.of(Selection.of("a"), after, 1_000, 1 << 20)));
            page.entries().stream().map(Stored::position).forEach(positions::add);
            after = page.scannedTo();
        } while (page.more());
        assertThat(positions).hasSize(MANY + 2);
    }

    @AfterAll
    static void close() {
        log.close();
        server.close();
    }

    /** What one run of a script answers. */
    private static Reply once(Script script, String... arguments) {
        try (RedisClient client = RedisClient.create(server.uri())) {
            List<String> all = new ArrayList<>(List.of("", Reply.hex(0)));
            all.addAll(List.of(arguments));
            List<Object> parts = client.connect()
                    .sync()
                    .evalsha(
                            script.digest(),
                            ScriptOutputType.MULTI,
                            new String[] {"{bounds}:"},
                            all.toArray(String[]::new));
            return new Reply(parts);
        }
    }

    private static void append(Event event) {
        append(Publication.of("a", event));
    }

    private static void append(Publication publication) {
        get(log.append(List.of(publication)));
    }

    private static Selection rare() {
        return new Selection(List.of(Selector.of("a")), Set.of("rare"));
    }

    @Test
    void thePlaceBeforeMoreEventsThanThereAreIsTheBeginning() {
        assertThat(get(log.before(Selection.of("a"), 999_999_999))).isZero();
    }

    @Test
    void thePlaceBeforeVeryManyEventsIsFound() {
        for (int events : List.of(1, 100, 19_000, 25_000, MANY)) {
            long before = get(log.before(Selection.of("a"), events));
            Page page = get(log.read(Reading.of(Selection.of("a"), before, 1, 1 << 20)));
            assertThat(page.entries().get(0).position())
                    .as("%d events", events)
                    .isEqualTo(positions.get(MANY + 2 - events));
        }
    }

    @Test
    void thePlaceBeforeManyEventsOfSeveralTopicsIsFoundBitByBit() {
        append(Publication.of("b", Event.message("newest")));
        Selection both = Selection.of("a", "b");
        long before = get(log.before(both, 25_001));
        Page page = get(log.read(Reading.of(both, before, 1, 1 << 20)));
        assertThat(page.entries().get(0).position()).isEqualTo(positions.get(MANY + 2 - 25_000));

        Reply first = once(Script.ASK, "before", "a\nb", "", "25001", "+");
        assertThat(first.number(1)).as("left to be found").isEqualTo(24_001);
    }

    @Test
    void anEventOfATypeBehindVeryManyOthersIsFoundBitByBit() {
        assertThat(get(log.before(rare(), 1))).isEqualTo(positions.get(1) - 1);
        assertThat(get(log.before(rare(), 2))).isEqualTo(positions.get(0) - 1);
        assertThat(get(log.before(rare(), 3))).isZero();

        Reply first = once(Script.ASK, "before", "a", "rare", "1", "+");
        assertThat(first.position(2))
                .as("where to look on")
                .isBetween(positions.get(MANY - 20_000), positions.get(MANY - 19_000));
    }

    @Test
    void onlyTheNewestOfATypeIsReadThoughVeryManyOthersCameSince() {
        for (long after : new long[] {0, positions.get(0)}) {
            Reading reading = new Reading(rare(), after, 0, 100, 1 << 20, true, Reading.NO_GAP);
            Page page = get(log.read(reading));
            assertThat(page.entries()).extracting(Stored::position).containsExactly(positions.get(1));
            assertThat(page.skipped()).isEqualTo(after == 0 ? 0 : -1);
            assertThat(page.scannedTo()).isGreaterThanOrEqualTo(positions.get(MANY + 1));
        }
        Reply first = once(Script.READ, "a", "rare", Reply.hex(0), Reply.hex(0), "100", "100000", "1", "all", "", "");
        assertThat(first.text(6).lines()).as("not found in one run").contains("a");
    }

    @Test
    void whatIsSkippedIsNotCountedWhenItIsVeryMuch() {
        Reading reading = new Reading(Selection.of("a"), positions.get(0), 0, 100, 1 << 20, true, Reading.NO_GAP);
        Page page = get(log.read(reading));
        assertThat(page.entries()).extracting(Stored::position).containsExactly(positions.get(MANY + 1));
        assertThat(page.skipped()).isEqualTo(-1);
    }

    @Test
    void eventsOfATypeAmongVeryManyOthersAreReadBitByBit() {
        Page first = get(log.read(new Reading(rare(), 0, 0, 1_000, 1 << 20, false, Reading.NO_GAP)));
        assertThat(first.entries()).hasSize(2);
        assertThat(first.scannedTo()).isLessThan(positions.get(20_000));
        assertThat(first.more()).isTrue();
    }

    @Test
    void followersAreGivenPagesAndTheWindowIsMeasuredBitByBit() {
        assertThat(once(Script.ASK, "entries", Reply.hex(0), "512").size()).isEqualTo(4 + 512);
        assertThat(once(Script.ASK, "recent", "999999999999", "+").text(2))
                .as("where to look on")
                .isNotEmpty();
    }

    @Test
    void topicsThatHoldNothingDoNotHideThoseThatDo() {
        List<Publication> publications = new ArrayList<>();
        List<TopicDeleted> deletions = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            publications.add(Publication.of("gone/" + i, Event.message("x")));
            deletions.add(new TopicDeleted(Topic.of("gone/" + i)));
        }
        get(log.append(publications));
        get(log.append(deletions));
        append(Publication.of("gone/z", Event.message("x")));

        assertThat(once(Script.ASK, "topics", "gone/", "[gone/", "10").text(0))
                .as("the last one looked at")
                .isNotEmpty();
        assertThat(get(log.topics("gone/", "", 10)))
                .extracting(TopicSummary::topic)
                .containsExactly("gone/z");
        assertThat(get(log.topics("", "", 1))).extracting(TopicSummary::topic).containsExactly("a");
    }
}
