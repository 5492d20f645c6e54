package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.fanfare.stream.Event;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.assertj.core.api.AbstractThrowableAssert;

/** How the contracts of {@link EventLog} speak to one. */
public final class Logs {

    /** Whether to test at full size. */
    static final boolean LONG = Boolean.getBoolean("fanfare.long");

    /** Keeps all that these tests append. */
    public static final Retention AMPLE = Retention.DEFAULT;

    /** More bytes than a page of these tests has. */
    static final int MUCH = 1 << 20;

    private static final long SECONDS = 20;

    private Logs() {}

    /** What a stage comes to. */
    public static <T> T get(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(failed);
        } catch (InterruptedException | TimeoutException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Retention by age alone. */
    public static Retention age(Duration age) {
        return new Retention(age, 256L << 20, Long.MAX_VALUE, false, 10_000_000, Duration.ZERO);
    }

    static Retention keepLast(Duration age) {
        return new Retention(age, 256L << 20, Long.MAX_VALUE, true, 10_000_000, Duration.ZERO);
    }

    static Retention bytes(long bytes) {
        return new Retention(Duration.ofHours(24), bytes, Long.MAX_VALUE, false, 10_000_000, Duration.ZERO);
    }

    static Retention perTopic(long events) {
        return new Retention(Duration.ofHours(24), 256L << 20, events, false, 10_000_000, Duration.ZERO);
    }

    /** An event of a topic. */
    public static Publication event(String topic, String data) {
        return Publication.of(topic, Event.message(data));
    }

    static Event event(String type, String data, String id) {
        return new Event(type, data, id, Event.NO_RETRY);
    }

    static Publication withId(String topic, String data, String id) {
        return Publication.of(topic, Event.message(data).withId(id));
    }

    public static Publication keyed(String topic, String data, String key) {
        return new Publication(List.of(Topic.of(topic)), Event.message(data), key);
    }

    /** Appends an event and waits. */
    public static long append(EventLog log, String topic, String data) {
        return append(log, event(topic, data));
    }

    public static long append(EventLog log, Entry entry) {
        return get(log.append(List.of(entry)))[0];
    }

    /** What the log gives to a follower, as it comes. */
    public static List<Stored> follow(EventLog log, long after) {
        return Followed.of(log, after).entries;
    }

    static Publication both(String first, String second) {
        return new Publication(List.of(Topic.of(first), Topic.of(second)), Event.message("both"), null);
    }

    static TopicEnded ended(String topic) {
        return new TopicEnded(Topic.of(topic), TopicEnded.Reason.DONE);
    }

    static List<Stored> read(EventLog log, String... selectors) {
        return new LogReader(log, Selection.of(selectors), Position.START).readAll(1_000, MUCH).read;
    }

    /** The data of all that is held for these selectors. */
    public static List<String> data(EventLog log, String... selectors) {
        return dataOf(read(log, selectors));
    }

    static Page newest(EventLog log, Selection selection, long after, int events, int bytes) {
        return get(log.read(new Reading(selection, after, after, events, bytes, true, Reading.EVERY_GAP)));
    }

    static List<String> newestSoMany(EventLog log, Selection selection, int events) {
        long before = get(log.before(selection, events));
        return dataOf(get(log.read(Reading.of(selection, before, 100, MUCH))).entries());
    }

    static List<String> broadcastsAfter(EventLog log, Selection selection, long after) {
        Reading reading = new Reading(selection, Position.START, after, 100, MUCH, false, Reading.EVERY_GAP);
        return dataOf(get(log.read(reading)).entries());
    }

    static List<String> names(EventLog log, String prefix, String after, int limit) {
        return get(log.topics(prefix, after, limit)).stream()
                .map(EventLog.TopicSummary::topic)
                .toList();
    }

    static List<String> dataOf(List<Stored> entries) {
        return entries.stream()
                .map(stored -> publication(stored).event().data())
                .toList();
    }

    static Publication publication(Stored stored) {
        return (Publication) stored.entry();
    }

    static void assertGap(Page page, Gap.Reason reason, String... selectors) {
        Gap gap = page.gap();
        assertThat(gap).as("gap").isNotNull();
        if (gap != null) {
            assertThat(gap.reason()).isEqualTo(reason);
            assertThat(gap.selectors().stream().map(Selector::toString)).containsExactly(selectors);
        }
    }

    public static AbstractThrowableAssert<?, ? extends Throwable> assertRefused(
            CompletionStage<?> stage, AppendRefused.Reason reason) {
        return assertThatThrownBy(() -> get(stage)).isInstanceOfSatisfying(AppendRefused.class, refused -> {
            assertThat(refused.reason()).isEqualTo(reason);
            assertThat(refused.getMessage()).isNotBlank();
        });
    }
}
