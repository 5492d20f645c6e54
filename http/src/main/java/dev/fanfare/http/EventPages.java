package dev.fanfare.http;

import dev.fanfare.hub.Batch;
import dev.fanfare.hub.Cursor;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Form;
import dev.fanfare.hub.Gap;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.Loop;
import dev.fanfare.hub.Page;
import dev.fanfare.hub.Place;
import dev.fanfare.hub.Position;
import dev.fanfare.hub.Publication;
import dev.fanfare.hub.Reading;
import dev.fanfare.hub.Selection;
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
                    } else if (!page.saysSomething() && !request.waitTime().isZero()) {
                        loop.execute(() -> new LongPoll(request, page, loop, answer).start());
                    } else {
                        answer.complete(page.json());
                    }
                });
        return answer;
    }

    private CompletionStage<Answer> read(SubscribeRequest request, Place place, long tail) {
        Subscription subscription = request.subscription();
        Selection selection = subscription.selection();
        if (request.fromNow()) {
            return answer(subscription, new Page(List.of(), tail, false, null, 0, 0), null, place.named());
        }
        Gap unknown = place.unknownId() ? new Gap(Gap.Reason.UNKNOWN_ID, selection.selectors()) : null;
        return next(place.reading(selection, request.limit(), MOST_BYTES))
                .thenCompose(page -> answer(subscription, page, unknown == null ? page.gap() : unknown, place.named()));
    }

    private CompletionStage<Answer> answer(Subscription subscription, Page page, @Nullable Gap gap, String after) {
        boolean also = subscription.form() == Form.ALSO;
        if (page.more() || !subscription.selection().canEnd()) {
            return CompletableFuture.completedFuture(new Answer(page, gap, after, false, also));
        }
        return hub.log()
                .ended(subscription.selection())
                .thenApply(end -> new Answer(page, gap, after, end > Position.START && end <= page.scannedTo(), also));
    }

    /** Reads until there is an event or nothing more to scan. */
    private CompletionStage<Page> next(Reading reading) {
        return hub.log().read(reading).thenCompose(page -> {
            if (page.gap() != null || !events(page).isEmpty() || !page.more()) {
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

    /** A page's events, without the ends of topics. */
    private static List<Stored> events(Page page) {
        return page.entries().stream()
                .filter(stored -> stored.entry() instanceof Publication)
                .toList();
    }

    /** A page, the gap before it, the id it was asked after, whether no events come after it, and whether it has all topics of each. */
    private record Answer(Page page, @Nullable Gap gap, String after, boolean ended, boolean also) {

        /** Whether it is worth more than waiting for the next event. */
        boolean saysSomething() {
            return gap != null || ended || !events(page).isEmpty();
        }

        byte[] json() {
            return Json.bytes(json -> {
                List<Stored> events = events(page);
                json.writeArrayPropertyStart("events");
                for (Stored stored : events) {
                    if (stored.entry() instanceof Publication publication) {
                        write(json, stored.position(), publication);
                    }
                }
                json.writeEndArray();
                json.writeStringProperty("last", Position.text(page.scannedTo()));
                json.writeBooleanProperty("more", page.more());
                json.writeName("gap");
                writeGap(
                        json,
                        events.isEmpty() ? page.scannedTo() : events.get(0).position() - 1);
                json.writeBooleanProperty("ended", ended);
            });
        }

        private void write(JsonGenerator json, long position, Publication publication) {
            Event event = publication.event();
            json.writeStartObject();
            json.writeStringProperty("id", event.id() == null ? Position.text(position) : event.id());
            json.writeStringProperty("topic", publication.topic().name());
            if (also && publication.topics().size() > 1) {
                json.writeArrayPropertyStart("also");
                publication.topics().stream().skip(1).forEach(topic -> json.writeString(topic.name()));
                json.writeEndArray();
            }
            json.writeStringProperty("event", event.type());
            json.writeStringProperty("data", event.data());
            json.writeStringProperty(
                    "time", Instant.ofEpochMilli(Position.millis(position)).toString());
            json.writeEndObject();
        }

        private void writeGap(JsonGenerator json, long resumedAt) {
            if (gap == null) {
                json.writeNull();
                return;
            }
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
            look().whenComplete((found, failure) -> {
                if (failure != null) {
                    answer.completeExceptionally(failure);
                } else if (found.saysSomething()) {
                    answer.complete(found.json());
                }
            });
            return batch.frames().size();
        }

        /** The topics have ended, or the hub closes. */
        @Override
        public void end() {
            look().whenComplete((found, failure) -> answer.complete((found == null ? empty : found).json()));
        }

        private CompletionStage<Answer> look() {
            return next(reading)
                    .thenCompose(
                            page -> answer(request.subscription(), page, page.gap(), Position.text(reading.after())));
        }
    }
}
