package dev.fanfare.server;

import dev.fanfare.http.Json;
import dev.fanfare.http.Problem;
import dev.fanfare.http.Query;
import dev.fanfare.hub.BusyTopic;
import dev.fanfare.hub.EndCause;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.IngressCounts;
import dev.fanfare.hub.Loop;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Selector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** What an operator asks a node: its topics, its streams, how it is. */
final class AdminPages {

    private static final int MOST = 1_000;
    private static final int BUSIEST = 20;
    private static final long BUSY_MILLIS = 60_000;

    private final Server server;
    private final Hub hub;

    /** A stream as it was when asked. */
    private record Row(
            String id, @Nullable String user, String ip, List<Selector> topics, long age, long lag, long bytes) {}

    AdminPages(Server server, Hub hub) {
        this.server = server;
        this.hub = hub;
    }

    static byte[] status(String status) {
        return Json.bytes(json -> json.writeStringProperty("status", status));
    }

    static byte[] ready(boolean draining) {
        return Json.bytes(json -> {
            json.writeStringProperty("status", draining ? "draining" : "ready");
            json.writeStringProperty("publish", "available");
        });
    }

    CompletableFuture<byte[]> topics(Query query) {
        String prefix = query.all("prefix").isEmpty() ? "" : query.all("prefix").get(0);
        String after = query.all("after").isEmpty() ? "" : query.all("after").get(0);
        int limit = query.number("limit", 1, MOST, 100);
        return hub.log()
                .topics(prefix, after, limit + 1)
                .thenApply(topics -> Json.bytes(json -> {
                    json.writeArrayPropertyStart("topics");
                    topics.stream().limit(limit).forEach(topic -> {
                        json.writeStartObject();
                        json.writeStringProperty("topic", topic.topic());
                        json.writeStringProperty("newest", Position.text(topic.newest()));
                        json.writeNumberProperty("count", topic.events());
                        json.writeEndObject();
                    });
                    json.writeEndArray();
                    next(json, topics.size() > limit ? topics.get(limit - 1).topic() : null);
                }))
                .toCompletableFuture();
    }

    CompletableFuture<byte[]> streams(Query query) {
        String topic = query.first("topic");
        String user = query.first("user");
        String after = query.all("after").isEmpty() ? "" : query.all("after").get(0);
        int limit = query.number("limit", 1, MOST, 100);
        return onEachLoop(loop -> rows(loop, topic, user)).thenApply(found -> {
            List<Row> rows = found.stream()
                    .flatMap(List::stream)
                    .filter(row -> row.id().compareTo(after) > 0)
                    .sorted(Comparator.comparing(Row::id))
                    .toList();
            return Json.bytes(json -> {
                json.writeArrayPropertyStart("streams");
                rows.stream().limit(limit).forEach(row -> {
                    json.writeStartObject();
                    json.writeStringProperty("id", row.id());
                    if (row.user() == null) {
                        json.writeNullProperty("user");
                    } else {
                        json.writeStringProperty("user", row.user());
                    }
                    json.writeStringProperty("ip", row.ip());
                    json.writeArrayPropertyStart("selectors");
                    row.topics().forEach(selector -> json.writeString(selector.toString()));
                    json.writeEndArray();
                    json.writeNumberProperty("age", row.age());
                    json.writeNumberProperty("lag", row.lag());
                    json.writeNumberProperty("bytes", row.bytes());
                    json.writeEndObject();
                });
                json.writeEndArray();
                next(json, rows.size() > limit ? rows.get(limit - 1).id() : null);
            });
        });
    }

    /** What to ask for {@code after} to get the next page, or null on the last one. */
    private static void next(JsonGenerator json, @Nullable String after) {
        if (after == null) {
            json.writeNullProperty("next");
        } else {
            json.writeStringProperty("next", after);
        }
    }

    private static List<Row> rows(Loop loop, @Nullable String topic, @Nullable String user) {
        List<Row> rows = new ArrayList<>();
        long now = System.currentTimeMillis();
        loop.forEach(cursor -> {
            boolean wanted = topic == null
                    || cursor.selectors().stream()
                            .anyMatch(selector -> selector.toString().equals(topic));
            if (wanted
                    && cursor.sink() instanceof EventStream stream
                    && (user == null || user.equals(stream.caller().user()))) {
                rows.add(new Row(
                        cursor.id(),
                        stream.caller().user(),
                        stream.remoteAddress(),
                        cursor.selectors(),
                        (now - stream.opened()) / 1000,
                        cursor.lagMillis(),
                        cursor.bytes()));
            }
        });
        return rows;
    }

    CompletableFuture<byte[]> closeStream(String id) {
        return onEachLoop(
                        loop -> end(loop, EndCause.ADMIN, stream -> stream.id().equals(id)))
                .thenApply(closed -> {
                    if (closed.stream().allMatch(streams -> streams == 0)) {
                        throw new Problem(
                                404, "No such stream", "no open stream has the id " + id + "; GET /streams lists them");
                    }
                    return Json.bytes(json -> json.writeStringProperty("closed", id));
                });
    }

    private int end(Loop loop, EndCause cause, Predicate<EventStream> which) {
        List<EventStream> found = new ArrayList<>(1);
        loop.forEach(cursor -> {
            if (cursor.sink() instanceof EventStream stream && which.test(stream)) {
                found.add(stream);
            }
        });
        found.forEach(stream -> stream.end(cause));
        return found.size();
    }

    /** Ends a user's streams; with {@code ?revoke}, what he was given until now opens no other. */
    CompletableFuture<byte[]> closeUser(String user, Query query) {
        CompletionStage<?> before =
                query.has("revoke") ? server.access().revoke(user) : CompletableFuture.completedFuture(null);
        return before.thenCompose(revoked -> onEachLoop(loop -> end(
                        loop,
                        EndCause.ADMIN,
                        stream -> user.equals(stream.caller().user()))))
                .thenApply(closed -> Json.bytes(json -> json.writeNumberProperty(
                        "closed", closed.stream().mapToInt(Integer::intValue).sum())))
                .toCompletableFuture();
    }

    /** A user's credentials that were issued up to a time are no good any more. */
    void revoked(String user, long issuedUpTo) {
        onEachLoop(loop -> end(
                loop,
                EndCause.REVOKED,
                stream -> user.equals(stream.caller().user()) && stream.caller().issued() <= issuedUpTo));
    }

    /** The metrics, gathered off the event loop. */
    CompletableFuture<byte[]> metrics() {
        return hub.log().size().thenApplyAsync(server.metrics()::text).toCompletableFuture();
    }

    CompletableFuture<byte[]> stats() {
        return hub.log().size().thenApplyAsync(this::stats).toCompletableFuture();
    }

    private byte[] stats(EventLog.Size size) {
        Rates.Figures rates = server.rates().figures();
        List<BusyTopic> busiest = hub.busiest(System.currentTimeMillis() - BUSY_MILLIS, BUSIEST);
        return Json.bytes(json -> {
            json.writeNumberProperty("streams", server.streams());
            json.writeNumberProperty("eventsPerSecond", rates.events());
            json.writeNumberProperty("deliveriesPerSecond", rates.deliveries());
            json.writeNumberProperty("deliveries", hub.deliveries());
            json.writeNumberProperty("lagging", hub.lagging());
            json.writeNumberProperty("loopLag", server.loopLag() / 1_000_000.0);
            json.writeObjectPropertyStart("log");
            json.writeNumberProperty("topics", size.topics());
            json.writeNumberProperty("events", size.events());
            json.writeNumberProperty("bytes", size.bytes());
            json.writeNumberProperty("notes", size.notes());
            json.writeStringProperty("floor", Position.text(size.floor()));
            json.writeNumberProperty("read", size.read());
            json.writeEndObject();
            json.writeNumberProperty("windowBytes", hub.windowBytes());
            json.writeArrayPropertyStart("busiest");
            busiest.forEach(it -> {
                json.writeStartObject();
                json.writeStringProperty("topic", it.topic());
                json.writeNumberProperty("events", it.events());
                json.writeEndObject();
            });
            json.writeEndArray();
            json.writeNumberProperty("load", server.load().load());
            json.writeNumberProperty("longestRetry", hub.longestRetryMillis());
            json.writeNumberProperty("clients", server.admission().tracked());
            Counters counters = server.counters();
            json.writeObjectPropertyStart("overload");
            json.writeNumberProperty("publishesSlowed", counters.publishesSlowed.sum());
            json.writeNumberProperty("historySlowed", counters.historySlowed.sum());
            json.writeNumberProperty("endedForLag", counters.endedForLag.sum());
            json.writeNumberProperty("cut", counters.cut.sum());
            json.writeNumberProperty("acceptsFailed", counters.acceptsFailed.sum());
            json.writeEndObject();
            IngressCounts ingress = server.metrics().ingress();
            json.writeObjectPropertyStart("ingress");
            json.writeBooleanProperty("active", ingress.active());
            for (IngressCounts.Outcome outcome : IngressCounts.Outcome.values()) {
                json.writeNumberProperty(outcome.text(), ingress.sum(outcome));
            }
            json.writeEndObject();
        });
    }

    /** Asks every loop, each on its own thread. */
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
