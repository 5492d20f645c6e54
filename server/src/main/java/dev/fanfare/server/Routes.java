package dev.fanfare.server;

import static java.util.Objects.requireNonNull;

import dev.fanfare.auth.AuthRefused;
import dev.fanfare.auth.Ticket;
import dev.fanfare.http.Accept;
import dev.fanfare.http.EndRequest;
import dev.fanfare.http.EventPages;
import dev.fanfare.http.Problem;
import dev.fanfare.http.PublishRequest;
import dev.fanfare.http.Published;
import dev.fanfare.http.Query;
import dev.fanfare.http.StreamedPublish;
import dev.fanfare.http.SubscribeRequest;
import dev.fanfare.http.TicketBody;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.Loop;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Subscription;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicEnded;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What each URL does. */
final class Routes {

    private static final String CORS_HEADERS =
            "Authorization, Content-Type, Last-Event-ID, Cache-Control, Idempotency-Key";
    private static final byte[] GREETING = """
            Fanfare is running.

            subscribe   curl -N 'http://%1$s/events?topic=hello'
            publish     curl -d 'hi' 'http://%1$s/topics/hello'
            in a page   new EventSource('http://%1$s/events?topic=hello').onmessage = e => console.log(e.data)
            """.getBytes(StandardCharsets.UTF_8);

    /** What a page counts with before its size is known, in bytes. */
    private static final int PAGE_IN_ADVANCE = 4_096;

    private final Server server;
    private final Hub hub;
    private final EventPages pages;
    private final AdminPages admin;

    Routes(Server server, Hub hub, HubStreams streams) {
        this.server = server;
        this.hub = hub;
        this.pages = new EventPages(hub);
        this.admin = new AdminPages(server, hub, streams);
    }

    /** Finds out, before its body comes, what is to be done with it. */
    void prepare(Exchange exchange) {
        Request request = exchange.request;
        if (!request.method.equals("POST") || request.path.equals(Gate.TICKETS)) {
            return;
        }
        exchange.caller.checkPublishes();
        StreamedPublish asked = StreamedPublish.of(
                exchange.caller,
                request.path.startsWith(Gate.TOPICS) ? topic(request) : null,
                request.query(),
                request.header(HttpHeaderNames.CONTENT_TYPE),
                request.header("Idempotency-Key"));
        if (asked == null) {
            return;
        }
        if (asked.isStream()) {
            PublishStream stream = new PublishStream(exchange, hub, asked);
            exchange.stream = stream;
            exchange.onAbandon = stream::clientGone;
        } else {
            exchange.document = asked;
        }
    }

    private static String topic(Request request) {
        return Query.decode(request.path.substring(Gate.TOPICS.length()), false);
    }

    void handle(Exchange exchange) {
        try {
            route(exchange);
        } catch (RuntimeException e) {
            exchange.fail(e);
        }
    }

    private void route(Exchange exchange) {
        Request request = exchange.request;
        String path = request.path;
        if (Gate.isOperators(request) && !request.method.equals("OPTIONS")) {
            exchange.caller.checkAdmin();
        }
        if (request.method.equals("OPTIONS")) {
            options(exchange);
        } else if (path.startsWith(Gate.TOPICS)) {
            String topic = topic(request);
            switch (request.method) {
                case "POST" -> publish(exchange, topic);
                case "DELETE" -> delete(exchange, topic);
                default -> subscribe(exchange, topic);
            }
        } else if (path.startsWith(Gate.STREAMS)) {
            answer(exchange, admin.closeStream(path.substring(Gate.STREAMS.length())));
        } else if (path.startsWith(Gate.USERS)) {
            answer(exchange, admin.closeUser(requireNonNull(Gate.user(path)), request.query()));
        } else {
            switch (path) {
                case "/events" -> {
                    if (exchange.document == null) {
                        subscribe(exchange, null);
                    } else {
                        publishAll(exchange, exchange.document);
                    }
                }
                case Gate.TICKETS -> ticket(exchange);
                case "/topics" -> answer(exchange, admin.topics(request.query()));
                case "/streams" -> answer(exchange, admin.streams(request.query()));
                case "/stats" -> answer(exchange, admin.stats());
                case "/metrics" -> answer(exchange, admin.metrics(), Metrics.CONTENT_TYPE);
                case "/healthz" -> exchange.answer(200, AdminPages.status("ok"));
                case "/readyz" -> ready(exchange);
                default -> {
                    StaticFile file = StaticFile.at(path);
                    exchange.answer(
                            file == null
                                    ? exchange.response(200).with(greeting(request), "text/plain; charset=utf-8")
                                    : file.answer(exchange));
                }
            }
        }
    }

    private void ready(Exchange exchange) {
        boolean draining = server.isDraining();
        admin.ready(draining).thenAccept(body -> exchange.onLoop(() -> exchange.answer(draining ? 503 : 200, body)));
    }

    private static byte[] greeting(Request request) {
        String host = request.host == null ? "localhost" : request.host;
        return new String(GREETING, StandardCharsets.UTF_8).formatted(host).getBytes(StandardCharsets.UTF_8);
    }

    private void options(Exchange exchange) {
        String allowed = Gate.allowed(exchange.request.path);
        Response response = exchange.response(204).header("Allow", allowed == null ? Gate.TOPIC_METHODS : allowed);
        String origin = exchange.request.origin;
        if (origin != null && server.origins().allows(origin)) {
            response.header("Access-Control-Allow-Methods", allowed == null ? Gate.TOPIC_METHODS : allowed)
                    .header("Access-Control-Allow-Headers", CORS_HEADERS)
                    .header("Access-Control-Max-Age", "7200");
        }
        exchange.answer(response.empty());
    }

    private void publish(Exchange exchange, String topic) {
        Request request = exchange.request;
        byte[] body = ByteBufUtil.getBytes(exchange.body);
        TopicEnded end = EndRequest.of(exchange.caller, topic, request.query(), body.length > 0);
        if (end != null && body.length == 0) {
            int status = end.reason() == TopicEnded.Reason.CANCELLED ? 200 : 201;
            answer(exchange, status, end.topic(), hub.end(end.topic(), end.reason()));
            return;
        }
        server.admission().checkPublish(exchange.client(), 1);
        Publication publication =
                PublishRequest.of(exchange.caller, topic, request.query(), request.header("Idempotency-Key"), body);
        answer(
                exchange,
                201,
                publication.topic(),
                end == null ? hub.publish(publication) : hub.publishLast(publication));
    }

    private void ticket(Exchange exchange) {
        CompletionStage<Ticket> ticket = server.access().ticket(exchange.caller, ByteBufUtil.getBytes(exchange.body));
        answer(exchange, ticket.thenApply(TicketBody::of).toCompletableFuture());
    }

    private static void answer(Exchange exchange, int status, Topic topic, CompletionStage<String> appended) {
        appended.whenComplete((id, failure) -> {
            if (failure != null) {
                exchange.fail(failure);
            } else {
                exchange.onLoop(() -> exchange.answer(exchange.response(status)
                        .header("Location", "/topics/" + PathEncoding.encode(topic.name()))
                        .with(("{\"id\":\"" + id + "\"}").getBytes(StandardCharsets.US_ASCII), Response.JSON)));
            }
        });
    }

    /** Publishes the events of a document, all or none. */
    private void publishAll(Exchange exchange, StreamedPublish asked) {
        byte[] body = ByteBufUtil.getBytes(exchange.body);
        List<Publication> all = asked.document(body, server.settings().eventBytes());
        if (all.isEmpty()) {
            exchange.answer(200, Published.NOTHING.body());
            return;
        }
        server.admission().checkPublish(exchange.client(), all.size());
        hub.log().append(all).whenComplete((positions, failure) -> {
            if (failure != null) {
                exchange.fail(failure);
            } else {
                byte[] answer = Published.upTo(all.get(all.size() - 1), positions[positions.length - 1], all.size())
                        .body();
                exchange.onLoop(() -> exchange.answer(200, answer));
            }
        });
    }

    private void delete(Exchange exchange, String topic) {
        Topic deleted;
        try {
            deleted = Topic.of(topic);
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest(String.valueOf(e.getMessage()));
        }
        admin.delete(deleted).whenComplete((done, failure) -> {
            if (failure != null) {
                exchange.fail(failure);
            } else {
                exchange.onLoop(() -> exchange.answer(exchange.response(204).empty()));
            }
        });
    }

    private void subscribe(Exchange exchange, @Nullable String topic) {
        Request request = exchange.request;
        SubscribeRequest asked = SubscribeRequest.of(
                exchange.caller,
                topic,
                request.query(),
                request.header("Last-Event-ID"),
                server.settings().defaults(),
                InstantSource.system());
        if (Accept.of(request.list(HttpHeaderNames.ACCEPT)) == Accept.JSON) {
            page(exchange, asked);
        } else {
            asked.hasSeenTheEnd(hub.log())
                    .thenAccept(over -> exchange.onLoop(() -> stream(exchange, asked.subscription(), over)))
                    .exceptionally(failure -> {
                        exchange.fail(failure);
                        return null;
                    });
        }
    }

    /** Answers with a page of history, later when the client has read much already. */
    private void page(Exchange exchange, SubscribeRequest asked) {
        Loop loop = exchange.connection.worker().loop();
        long pause = server.admission().historyPause(exchange.client(), PAGE_IN_ADVANCE);
        CompletableFuture<byte[]> page = pause == 0 ? pages.read(asked, loop) : new CompletableFuture<>();
        if (pause > 0) {
            server.counters().historySlowed.increment();
            exchange.connection
                    .worker()
                    .eventLoop()
                    .schedule(() -> readLater(asked, loop, page), pause, TimeUnit.NANOSECONDS);
        }
        CompletableFuture<byte[]> allowed = page.thenApply(body -> {
            AuthRefused lost = server.access().lost(exchange.caller); // while it waited
            if (lost != null) {
                throw lost;
            }
            return body;
        });
        exchange.onAbandon = () -> {
            allowed.cancel(false);
            page.cancel(false);
        };
        page.thenAccept(body -> server.admission().historyRead(exchange.client(), PAGE_IN_ADVANCE, body.length));
        answer(exchange, allowed);
    }

    private void readLater(SubscribeRequest asked, Loop loop, CompletableFuture<byte[]> page) {
        if (!page.isDone()) {
            CompletableFuture<byte[]> read = pages.read(asked, loop);
            page.whenComplete((body, cancelled) -> read.cancel(false));
            read.whenComplete((body, failure) -> {
                if (failure != null) {
                    page.completeExceptionally(failure);
                } else {
                    page.complete(body);
                }
            });
        }
    }

    private void stream(Exchange exchange, Subscription subscription, boolean over) {
        if (!exchange.connection.channel().isActive()) {
            return; // gone while the log was asked
        }
        if (over) {
            exchange.answer(
                    exchange.response(204).header("Cache-Control", "no-store").empty());
        } else if (exchange.request.isHead()) {
            exchange.keepAlive &= exchange.request.http11;
            exchange.answer(streamHead(exchange, !exchange.keepAlive).head());
        } else if (server.refusesStreams()) {
            refuseStream(exchange, Refusal.DRAINING);
        } else {
            Admission.Client client = exchange.client();
            server.admission()
                    .streamOpened(client)
                    .thenAccept(admitted -> exchange.onLoop(() -> admit(exchange, client, subscription, admitted)));
        }
    }

    private void admit(Exchange exchange, Admission.Client client, Subscription subscription, boolean admitted) {
        boolean gone = !exchange.connection.channel().isActive();
        boolean draining = server.refusesStreams();
        if (admitted && (gone || draining)) { // since it was asked
            server.admission().streamClosed(client);
        }
        if (gone) {
            return;
        }
        if (draining) {
            refuseStream(exchange, Refusal.DRAINING);
        } else if (!admitted) {
            refuseStream(exchange, Refusal.LIMIT);
        } else {
            server.metrics().streamOpened();
            EventStream stream = exchange.connection.becomeStream(
                    exchange, streamHead(exchange, true).head());
            exchange.body.release();
            stream.begin(exchange.connection.worker().loop().open(subscription, stream));
        }
    }

    /**
     * The head of a stream.
     *
     * @param closes whether the connection ends with the answer, which a client that means to ask again on it has to know (RFC 9112, 9.6)
     */
    private static Response streamHead(Exchange exchange, boolean closes) {
        Response response = exchange.response(200)
                .header("Content-Type", "text/event-stream")
                .header("Cache-Control", "no-store, no-transform")
                .header("X-Accel-Buffering", "no");
        if (exchange.request.http11) {
            response.header("Transfer-Encoding", "chunked");
        }
        return closes ? response.header("Connection", "close") : response;
    }

    /** A browser gives up for good on any status but 200, so a refused stream is one that ends at once. */
    void refuseStream(Exchange exchange, Refusal why) {
        server.refused(why);
        String body = ": " + why.text() + "\nretry: " + hub.jitteredRetryMillis() + "\n";
        exchange.answer(exchange.response(200)
                .header("Cache-Control", "no-store, no-transform")
                .header("X-Accel-Buffering", "no")
                .header("Fanfare-Refused", why.text())
                .with(body.getBytes(StandardCharsets.US_ASCII), "text/event-stream"));
    }

    private static void answer(Exchange exchange, CompletableFuture<byte[]> json) {
        answer(exchange, json, Response.JSON);
    }

    private static void answer(Exchange exchange, CompletableFuture<byte[]> text, String contentType) {
        text.whenComplete((body, failure) -> {
            if (text.isCancelled()) {
                return; // the client has gone
            }
            if (failure != null) {
                exchange.fail(failure);
            } else {
                exchange.onLoop(() -> exchange.answer(exchange.response(200)
                        .header("Cache-Control", "no-store")
                        .with(body, contentType)));
            }
        });
    }
}
