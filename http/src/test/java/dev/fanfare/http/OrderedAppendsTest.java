package dev.fanfare.http;

import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fanfare.hub.AppendRefused;
import dev.fanfare.hub.Entry;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.stream.Event;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The order of appends, their batches, and what a refusal leaves. */
class OrderedAppendsTest {

    /** What was handed to the log and awaits its answer. */
    private final Deque<CompletableFuture<long[]>> due = new ArrayDeque<>();

    private final List<List<String>> batches = new ArrayList<>();
    private int progress;
    private final OrderedAppends appends = new OrderedAppends(log(), Runnable::run, () -> progress++);

    /** A log that only appends, when the test says so. */
    private EventLog log() {
        return (EventLog) Proxy.newProxyInstance(
                EventLog.class.getClassLoader(), new Class<?>[] {EventLog.class}, (log, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("append");
                    List<?> entries = (List<?>) arguments[0];
                    batches.add(entries.stream()
                            .map(entry -> ((Publication) entry).event().data())
                            .collect(toList()));
                    CompletableFuture<long[]> answer = new CompletableFuture<>();
                    due.add(answer);
                    return answer;
                });
    }

    private void add(String... data) {
        for (String one : data) {
            appends.add(Publication.of("a", Event.message(one)));
        }
    }

    private void taken() {
        int size = batches.get(batches.size() - 1).size();
        long[] positions = new long[size];
        for (int i = 0; i < size; i++) {
            positions[i] = Position.of(1_000, batches.size() * 10L + i);
        }
        due.remove().complete(positions);
    }

    private void refused(AppendRefused.Reason reason) {
        due.remove().completeExceptionally(new AppendRefused(reason, "no"));
    }

    @Test
    void eventsGatherWhileTheLogHasABatch() {
        add("1");
        appends.flush();
        add("2", "3");
        appends.flush();
        assertThat(batches).containsExactly(List.of("1"));
        taken();
        assertThat(batches).containsExactly(List.of("1"), List.of("2", "3"));
        assertThat(appends.isIdle()).isFalse();
        taken();
        assertThat(appends.isIdle()).isTrue();
        assertThat(appends.published()).isEqualTo(new Published(3, "1000-21"));
        assertThat(progress).isEqualTo(2);
    }

    @Test
    void aFullBatchIsHandedOverAtOnceAndTheNextIsAsMuchAsIsHeld() {
        for (int i = 0; i < 1_000; i++) {
            add("x");
        }
        assertThat(batches).hasSize(1);
        assertThat(appends.isFull()).isFalse();
        for (int i = 0; i < 1_000; i++) {
            add("x");
        }
        assertThat(batches).hasSize(1);
        assertThat(appends.isFull()).isTrue();
        taken();
        assertThat(appends.isFull()).isFalse();
    }

    @Test
    void largeEventsFillABatchToo() {
        add("x".repeat(1 << 20), "x".repeat(1 << 20));
        assertThat(batches).hasSize(1);
        assertThat(appends.isFull()).isTrue();
    }

    @Test
    void ofARefusedBatchTheEventsAreHandedOverOneByOneUpToTheRefused() {
        add("1", "2", "3");
        appends.flush();
        add("4");
        refused(AppendRefused.Reason.KEY_CONFLICT);
        assertThat(batches).endsWith(List.of("1"));
        taken();
        assertThat(batches).endsWith(List.of("2"));
        refused(AppendRefused.Reason.KEY_CONFLICT);
        assertThat(batches).as("neither 3 nor 4 follows").hasSize(3);
        add("5");
        appends.flush();
        assertThat(batches).hasSize(3);
        assertThat(appends.isIdle()).isTrue();
        assertThat(appends.failure()).isInstanceOf(AppendRefused.class);
        assertThat(appends.published().events()).isEqualTo(1);
    }

    @Test
    void afterARefusalThatHasPassedTheRestGoesOnInOrder() {
        add("1", "2");
        appends.flush();
        add("3", "4");
        refused(AppendRefused.Reason.NO_ROOM);
        taken();
        taken();
        taken();
        assertThat(batches).containsExactly(List.of("1", "2"), List.of("1"), List.of("2"), List.of("3", "4"));
        assertThat(appends.published().events()).isEqualTo(4);
        assertThat(appends.failure()).isNull();
    }

    @Test
    void aLogThatIsAwayIsNotAskedAgain() {
        add("1", "2");
        appends.flush();
        refused(AppendRefused.Reason.UNAVAILABLE);
        assertThat(batches).hasSize(1);
        assertThat(appends.failure()).isNotNull();
    }

    @Test
    void whatTheLogDoesNotHaveCanBeForgotten() {
        add("1");
        appends.flush();
        add("2");
        appends.drop();
        taken();
        assertThat(batches).hasSize(1);
        assertThat(appends.isIdle()).isTrue();
    }

    @Test
    void theLastIdIsThePublishersOwnIfItHasOne() {
        Entry entry = Publication.of("a", new Event("", "x", "own", Event.NO_RETRY));
        appends.add((Publication) entry);
        appends.flush();
        taken();
        assertThat(appends.published()).isEqualTo(new Published(1, "own"));
    }
}
