package dev.fanfare.http;

import dev.fanfare.hub.Batch;
import dev.fanfare.hub.Cursor;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.Loop;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Place;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Sink;
import dev.fanfare.hub.Stored;
import dev.fanfare.hub.Subscription;
import dev.fanfare.stream.Event;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** Events as JSON: a page of history, or the next events with a wait for the first (long poll). */
public final class EventPages {

    private static final int MOST_BYTES = 1 << 20;

    private final Hub hub;

    /** Pages of this hub. */
    public EventPages(Hub hub) {
        this.hub = hub;
    }

    /**
     * Reads a page.
     *
     * @param loop the loop on whose thread this is called and, if it waits, waited
     * @return the page's JSON, on any thread; cancelled by the caller, it waits no longer
     */
    public CompletableFuture<byte[]> read(SubscribeRequest request, Loop loop) {
        EventLog log = hub.log();
        Subscription subscription = request.subscription();
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        log.tail()
                .thenCompose(
                        tail -> Place.find(log, subscription, tail).thenCompose(place -> read(request, place, tail)))
                .whenComplete((page, failure) -> {
                    if (page == null) {
                        answer.completeExceptionally(failure);
                    } else if (page.isEmpty() && !request.waitTime().isZero()) {
                        loop.execute(() -> new LongPoll(request, page, loop, answer).start());
                    } else {
                        answer.complete(page.json());
                    }
                });
        return answer;
    }

    private CompletionStage<Answer> read(SubscribeRequest request, Place place, long tail) {
        if (request.fromNow()) {
            return CompletableFuture.completedFuture(
                    new Answer(new Page(List.of(), tail, false, null, 0, 0), place.named()));
        }
        Reading reading = place.reading(request.subscription().selection(), request.limit(), MOST_BYTES);
        return next(reading).thenApply(page -> {
            Gap unknown = place.unknownId()
                    ? new Gap(
                            Gap.Reason.UNKNOWN_ID,
                            request.subscription().selection().selectors())
                    : page.gap();
            return new Answer(
                    new Page(page.entries(), page.scannedTo(), page.more(), unknown, page.judged(), page.skipped()),
                    place.named());
        });
    }

    /** Reads until there is an event or nothing more to scan. */
    private CompletionStage<Page> next(Reading reading) {
        return hub.log().read(reading).thenCompose(page -> {
            if (page.gap() != null || !page.entries().isEmpty() || !page.more()) {
                return CompletableFuture.completedFuture(page);
            }
            return next(new Reading(
                    reading.selection(),
                    page.scannedTo(),
                    Math.max(reading.broadcastsAfter(), page.scannedTo()),
                    reading.events(),
                    reading.bytes(),
                    reading.newest(),
                    page.judged()));
        });
    }

    /** A page and the id it was asked after. */
    private record Answer(Page page, String after) {

        boolean isEmpty() {
            return page.entries().isEmpty() && page.gap() == null;
        }

        byte[] json() {
            return Json.bytes(json -> {
                json.writeArrayPropertyStart("events");
                for (Stored stored : page.entries()) {
                    if (stored.entry() instanceof Publication publication) {
                        write(json, stored.position(), publication);
                    }
                }
                json.writeEndArray();
                json.writeStringProperty("last", Position.text(page.scannedTo()));
                json.writeBooleanProperty("more", page.more());
                json.writeName("gap");
                write(json, page.gap());
                json.writeBooleanProperty("ended", false);
            });
        }

        private static void write(JsonGenerator json, long position, Publication publication) {
            Event event = publication.event();
            json.writeStartObject();
            json.writeStringProperty("id", event.id() == null ? Position.text(position) : event.id());
            json.writeStringProperty("topic", publication.topic().name());
            json.writeStringProperty("event", event.type());
            json.writeStringProperty("data", event.data());
            json.writeStringProperty(
                    "time", Instant.ofEpochMilli(Position.millis(position)).toString());
            json.writeEndObject();
        }

        private void write(JsonGenerator json, @Nullable Gap gap) {
            if (gap == null) {
                json.writeNull();
                return;
            }
            long resumedAt = page.entries().isEmpty()
                    ? page.scannedTo()
                    : page.entries().get(0).position() - 1;
            json.writeStartObject();
            gap.writeTo(json, after, resumedAt);
            json.writeEndObject();
        }
    }

    /** Waits for the first event after a page, as a cursor does, and reads it from the log. */
    private final class LongPoll implements Sink {
        private final SubscribeRequest request;
        private final Answer empty;
        private final Loop loop;
        private final CompletableFuture<byte[]> answer;
        private final Reading reading;

        LongPoll(SubscribeRequest request, Answer empty, Loop loop, CompletableFuture<byte[]> answer) {
            this.request = request;
            this.empty = empty;
            this.loop = loop;
            this.answer = answer;
            this.reading = Reading.of(
                    request.subscription().selection(), empty.page().scannedTo(), request.limit(), MOST_BYTES);
        }

        void start() {
            String last = Position.text(empty.page().scannedTo());
            Cursor cursor = loop.open(request.subscription().resumeAfter(last), this);
            answer.completeOnTimeout(empty.json(), request.waitTime().toMillis(), TimeUnit.MILLISECONDS);
            answer.whenComplete((json, failure) -> loop.execute(cursor::close));
        }

        @Override
        public boolean writable() {
            return true;
        }

        @Override
        public int write(Batch batch) {
            next(reading).whenComplete((page, failure) -> {
                if (failure != null) {
                    answer.completeExceptionally(failure);
                } else if (!page.entries().isEmpty() || page.gap() != null) {
                    answer.complete(new Answer(page, Position.text(reading.after())).json());
                }
            });
            return batch.frames().size();
        }

        @Override
        public void end() {
            answer.complete(empty.json());
        }
    }
}
