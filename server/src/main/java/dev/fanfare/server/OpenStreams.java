package dev.fanfare.server;

import dev.fanfare.http.Json;
import dev.fanfare.http.Query;
import dev.fanfare.hub.Cursor;
import dev.fanfare.hub.EndCause;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.Loop;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The event streams that this node has open: a list of them, and their end. Every loop is asked on its own thread. */
final class OpenStreams {

    static final int MOST = 1_000;
    private static final int MOST_CHARS = 1 << 20;

    private final Hub hub;

    /**
     * Streams in the order of their ids.
     *
     * @param rows each as a JSON object
     * @param more whether there are more after them
     */
    record Page(List<Row> rows, boolean more) {}

    /** A stream as a JSON object. */
    record Row(String id, String json) {}

    /** A stream as it was when asked. */
    private record Seen(String id, Cursor cursor, EventStream stream, long lag, long bytes) {

        Row row() {
            byte[] json = Json.bytes(row -> {
                row.writeStringProperty("id", id);
                String user = stream.caller().user();
                if (user == null) {
                    row.writeNullProperty("user");
                } else {
                    row.writeStringProperty("user", user);
                }
                row.writeStringProperty("ip", stream.remoteAddress());
                row.writeArrayPropertyStart("selectors");
                cursor.selectors().forEach(selector -> row.writeString(selector.toString()));
                row.writeEndArray();
                row.writeNumberProperty("age", (System.currentTimeMillis() - stream.opened()) / 1000);
                row.writeNumberProperty("lag", lag);
                row.writeNumberProperty("bytes", bytes);
            });
            return new Row(id, new String(json, StandardCharsets.UTF_8));
        }
    }

    OpenStreams(Hub hub) {
        this.hub = hub;
    }

    /** Those that {@code user=} and {@code topic=} name, after the id {@code after=}, at most {@code limit=} or 1 MiB of them. */
    CompletableFuture<Page> list(Query query) {
        String user = query.first("user");
        String topic = query.first("topic");
        String after = query.all("after").isEmpty() ? "" : query.all("after").get(0);
        int limit = query.number("limit", 1, MOST, 100);
        return onEachLoop(loop -> first(loop, limit + 1, user, topic, after)).thenApply(found -> {
            List<Seen> all = found.stream()
                    .flatMap(Collection::stream)
                    .sorted(Comparator.comparing(Seen::id))
                    .toList();
            List<Row> rows = new ArrayList<>();
            int chars = 0;
            while (rows.size() < Math.min(limit, all.size()) && chars < MOST_CHARS) {
                Row row = all.get(rows.size()).row();
                rows.add(row);
                chars += row.json().length();
            }
            return new Page(rows, rows.size() < all.size());
        });
    }

    private static Collection<Seen> first(
            Loop loop, int most, @Nullable String user, @Nullable String topic, String after) {
        PriorityQueue<Seen> found =
                new PriorityQueue<>(Comparator.comparing(Seen::id).reversed());
        loop.forEach(cursor -> {
            boolean wanted = cursor.id().compareTo(after) > 0
                    && (topic == null
                            || cursor.selectors().stream()
                                    .anyMatch(selector -> selector.toString().equals(topic)));
            if (wanted
                    && cursor.sink() instanceof EventStream stream
                    && (user == null || user.equals(stream.caller().user()))) {
                found.add(new Seen(cursor.id(), cursor, stream, cursor.lagMillis(), cursor.bytes()));
                if (found.size() > most) {
                    found.remove();
                }
            }
        });
        return found;
    }

    /** Ends the stream of this id; how many there were. */
    CompletableFuture<Integer> end(String id) {
        return end(EndCause.ADMIN, stream -> stream.id().equals(id));
    }

    /** How many streams a user has. */
    CompletableFuture<Integer> countOf(String user) {
        return onEachLoop(loop -> of(loop, stream -> isOf(user, stream)).size()).thenApply(OpenStreams::sum);
    }

    /** Ends a user's streams; how many there were. */
    CompletableFuture<Integer> endOf(String user) {
        return end(EndCause.ADMIN, stream -> isOf(user, stream));
    }

    /** A user's credentials that were issued up to a time are no good any more. */
    void revoked(String user, long issuedUpTo) {
        end(EndCause.REVOKED, stream -> isOf(user, stream) && stream.caller().issued() <= issuedUpTo);
    }

    private static boolean isOf(String user, EventStream stream) {
        return user.equals(stream.caller().user());
    }

    private CompletableFuture<Integer> end(EndCause cause, Predicate<EventStream> which) {
        return onEachLoop(loop -> {
                    List<EventStream> found = of(loop, which);
                    found.forEach(stream -> stream.end(cause));
                    return found.size();
                })
                .thenApply(OpenStreams::sum);
    }

    private static int sum(List<Integer> counts) {
        return counts.stream().mapToInt(Integer::intValue).sum();
    }

    private static List<EventStream> of(Loop loop, Predicate<EventStream> which) {
        List<EventStream> found = new ArrayList<>(1);
        loop.forEach(cursor -> {
            if (cursor.sink() instanceof EventStream stream && which.test(stream)) {
                found.add(stream);
            }
        });
        return found;
    }

    private <T> CompletableFuture<List<T>> onEachLoop(Function<Loop, T> question) {
        List<CompletableFuture<T>> answers = new ArrayList<>();
        for (Loop loop : hub.loops()) {
            CompletableFuture<T> answer = new CompletableFuture<>();
            loop.execute(() -> answer.complete(question.apply(loop)));
            answers.add(answer);
        }
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .thenApply(all -> answers.stream().map(CompletableFuture::join).toList());
    }
}
