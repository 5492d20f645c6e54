package dev.fanfare.redis;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** While a script runs the server does nothing else: what a question costs in one is bounded, whatever is asked. */
class ScriptBoundsTest {

    private static final int MANY = 30_000;
    /** The time of one script that is no burden to others, in microseconds; it is some 50,000 here. */
    private static final long BRIEF = 1_000_000;

    @SuppressWarnings("NullAway.Init") // JUnit calls start
    private static RedisServer server;

    @SuppressWarnings("NullAway.Init")
    private static RedisLog log;

    private static final List<Long> positions = new ArrayList<>();

    @BeforeAll
    static void fill() {
        server = new RedisServer("--slowlog-log-slower-than", Long.toString(BRIEF));
        log = server.open(Retention.DEFAULT, null);
        append(new Event("rare", "1", null, Event.NO_RETRY));
        for (int i = 1; i < MANY; i += 1_000) {
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
        assertThat(positions).hasSize(MANY + 1);
    }

    @AfterAll
    static void noneTookLong() {
        String slow = server.command("SLOWLOG", "LEN");
        log.close();
        server.close();
        assertThat(slow).isEqualTo("0");
    }

    private static void append(Event event) {
        get(log.append(List.of(Publication.of("a", event))));
    }

    private static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
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
                    .isEqualTo(positions.get(MANY + 1 - events));
        }
    }

    @Test
    void anEventOfATypeBehindVeryManyOthersIsFound() {
        assertThat(get(log.before(rare(), 1))).isEqualTo(positions.get(0) - 1);
        List<Stored> found = new ArrayList<>();
        Page page;
        long after = 0;
        do {
            page = get(log.read(new Reading(rare(), after, 0, 100, 1 << 20, true, Reading.NO_GAP)));
            found.addAll(page.entries());
            after = page.scannedTo();
        } while (page.more());
        assertThat(found).extracting(Stored::position).containsExactly(positions.get(0));
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
        get(log.append(List.of(Publication.of("gone/z", Event.message("x")))));

        assertThat(get(log.topics("gone/", "", 10)))
                .extracting(TopicSummary::topic)
                .containsExactly("gone/z");
        assertThat(get(log.topics("", "", 1))).extracting(TopicSummary::topic).containsExactly("a");
    }
}
