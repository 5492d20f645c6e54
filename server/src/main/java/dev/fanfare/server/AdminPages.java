package dev.fanfare.server;

import dev.fanfare.http.Json;
import dev.fanfare.http.Problem;
import dev.fanfare.http.Query;
import dev.fanfare.hub.BusyTopic;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.IngressCounts;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Topic;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** What an operator asks a node: its topics, its streams, how it is. */
final class AdminPages {

    private static final int MOST = 1_000;
    private static final int BUSIEST = 20;
    private static final long BUSY_MILLIS = 60_000;
    private static final long LOG_MILLIS = 1_000;

    private final Server server;
    private final Hub hub;
    private final HubStreams streams;

    AdminPages(Server server, Hub hub, HubStreams streams) {
        this.server = server;
        this.hub = hub;
        this.streams = streams;
    }

    static byte[] status(String status) {
        return Json.bytes(json -> json.writeStringProperty("status", status));
    }

    /** Whether streams can be held, and, as far as the log tells in time, events published. */
    CompletableFuture<byte[]> ready(boolean draining) {
        return inTime(hub.log().tail())
                .handle((tail, failure) -> Json.bytes(json -> {
                    json.writeStringProperty("status", draining ? "draining" : "ready");
                    json.writeStringProperty("publish", failure == null ? "available" : "unavailable");
                }));
    }

    /** What the log answers, or a failure when that takes so long that nobody would wait for the page. */
    private static <T> CompletableFuture<T> inTime(CompletionStage<T> answer) {
        CompletableFuture<T> bounded = answer.toCompletableFuture().copy();
        return bounded.isDone() ? bounded : bounded.orTimeout(LOG_MILLIS, TimeUnit.MILLISECONDS);
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
        return streams.list(query)
                .thenApply(page -> Json.bytes(json -> {
                    json.writeArrayPropertyStart("streams");
                    page.rows().forEach(row -> json.writeRawValue(row.json()));
                    json.writeEndArray();
                    next(json, page.next());
                    json.writeNumberProperty("missing", page.missing());
                }));
    }

    /** What to ask for {@code after} to get the next page, or null on the last one. */
    private static void next(JsonGenerator json, @Nullable String after) {
        if (after == null) {
            json.writeNullProperty("next");
        } else {
            json.writeStringProperty("next", after);
        }
    }

    CompletableFuture<byte[]> closeStream(String id) {
        return streams.end(id).thenApply(ended -> {
            if (ended.count() == 0 && ended.missing() > 0) {
                throw Problem.unavailable(
                        "no node that answered has a stream " + id + ", and " + ended.missing()
                                + " did not answer; send the request again",
                        1);
            }
            if (ended.count() == 0) {
                throw new Problem(
                        404, "No such stream", "no open stream has the id " + id + "; GET /streams lists them");
            }
            return Json.bytes(json -> json.writeStringProperty("closed", id));
        });
    }

    /** Ends a user's streams; with {@code ?revoke}, what he was given until now opens no other. */
    CompletableFuture<byte[]> closeUser(String user, Query query) {
        CompletionStage<HubStreams.Ended> ended = query.has("revoke") ? revoke(user) : streams.endOf(user);
        return ended.thenApply(done -> Json.bytes(json -> {
                    json.writeNumberProperty("closed", done.count());
                    json.writeNumberProperty("missing", done.missing());
                }))
                .toCompletableFuture();
    }

    /**
     * The revocation itself ends most of them, so they are counted before; it does not wait for that, so of those on other nodes the
     * count may miss some.
     */
    private CompletionStage<HubStreams.Ended> revoke(String user) {
        CompletionStage<Integer> before = streams.countOf(user);
        return server.access()
                .revoke(user)
                .thenCompose(revoked -> streams.endOf(user))
                .thenCombine(
                        before, (rest, count) -> new HubStreams.Ended(Math.max(count, rest.count()), rest.missing()));
    }

    /** Forgets a topic's history; completes once no node gives an earlier event of it. */
    CompletionStage<Void> delete(Topic topic) {
        return hub.delete(topic).thenCompose(deleted -> streams.passed()).thenAccept(missing -> {
            if (missing > 0) {
                throw Problem.unavailable(
                        "the history is deleted, but " + missing + " of the hub's nodes did not confirm that it gives"
                                + " nothing of it any more; send the request again",
                        1);
            }
        });
    }

    /** The metrics, gathered off the event loop; they do not fail with the log. */
    CompletableFuture<byte[]> metrics() {
        return inTime(hub.log().size())
                .handleAsync((size, failure) -> server.metrics().text(size));
    }

    CompletableFuture<byte[]> stats() {
        return inTime(hub.log().size()).handleAsync((size, failure) -> stats(size));
    }

    private static long sum(List<Map<String, Long>> others, String name) {
        return others.stream().mapToLong(other -> other.getOrDefault(name, 0L)).sum();
    }

    private static void log(JsonGenerator json, EventLog.@Nullable Size size) {
        json.writeObjectPropertyStart("log");
        json.writeBooleanProperty("available", size != null);
        if (size != null) {
            json.writeNumberProperty("topics", size.topics());
            json.writeNumberProperty("events", size.events());
            json.writeNumberProperty("bytes", size.bytes());
            json.writeNumberProperty("notes", size.notes());
            json.writeStringProperty("floor", Position.text(size.floor()));
            json.writeNumberProperty("read", size.read());
        }
        json.writeEndObject();
    }

    private byte[] stats(EventLog.@Nullable Size size) {
        Rates.Figures rates = server.rates().figures();
        List<Map<String, Long>> others = server.peers().others();
        List<BusyTopic> busiest = hub.busiest(System.currentTimeMillis() - BUSY_MILLIS, BUSIEST);
        return Json.bytes(json -> {
            Map<String, Long> own = server.figures();
            json.writeNumberProperty("nodes", 1 + others.size());
            own.forEach((name, value) -> json.writeNumberProperty(name, value + sum(others, name)));
            json.writeObjectPropertyStart("node");
            own.forEach(json::writeNumberProperty);
            json.writeEndObject();
            json.writeNumberProperty("eventsPerSecond", rates.events());
            json.writeNumberProperty("loopLag", server.loopLag() / 1_000_000.0);
            log(json, size);
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
}
