package dev.fanfare.hub;

import dev.fanfare.stream.Event;
import dev.fanfare.stream.EventEncoder;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** The events that the hub itself sends, {@code fanfare-*}, and the enveloped form of others. */
final class ControlEvents {

    static final String OPEN = "fanfare-open";
    static final String HEARTBEAT = "fanfare-heartbeat";
    static final String GAP = "fanfare-gap";
    static final String END = "fanfare-end";

    private static final JsonFactory JSON = new JsonFactory();
    private static final int SCRATCH_BYTES = 16 * 1024;
    private static final ThreadLocal<byte[]> SCRATCH = ThreadLocal.withInitial(() -> new byte[SCRATCH_BYTES]);

    private ControlEvents() {}

    static Event open(String stream, long latest, long startsAfter) {
        String data = json(json -> {
            json.writeStringProperty("stream", stream);
            json.writeStringProperty("latest", Position.text(latest));
        });
        return new Event(OPEN, data, Position.text(startsAfter), Event.NO_RETRY);
    }

    static Event gap(String after, long resumedAt, Gap gap) {
        String data = json(json -> gap.writeTo(json, after, resumedAt));
        return new Event(GAP, data, Position.text(resumedAt), Event.NO_RETRY);
    }

    static Event end(TopicEnded.Reason reason, long position) {
        String data = json(json -> json.writeStringProperty("reason", reason.text()));
        return new Event(END, data, Position.text(position), Event.NO_RETRY);
    }

    static Event heartbeat(@Nullable Long servedTo) {
        return new Event(HEARTBEAT, "", servedTo == null ? null : Position.text(servedTo), Event.NO_RETRY);
    }

    /** A publication's event with its topic and time inside its data. */
    static Event envelope(Publication publication, long position) {
        Event event = publication.eventAt(position);
        String data = json(json -> {
            json.writeStringProperty("topic", publication.topic().name());
            json.writeStringProperty("event", event.type());
            json.writeStringProperty(
                    "time", Instant.ofEpochMilli(Position.millis(position)).toString());
            json.writeStringProperty("data", event.data());
        });
        return new Event(event.type(), data, event.id(), event.retry());
    }

    private static String json(Consumer<JsonGenerator> members) {
        StringWriter text = new StringWriter(128);
        try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            members.accept(json);
            json.writeEndObject();
        }
        return text.toString();
    }

    static Batch batch(FrameEncoder encoder, Event event) {
        return Batch.unplaced(List.of(frame(encoder, event, null)));
    }

    static Frame text(FrameEncoder encoder, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return encoder.frame(bytes, bytes.length);
    }

    /** An event's frame with all its topics. */
    static Frame frameOfAllTopics(FrameEncoder encoder, Publication publication, long position) {
        Event event = publication.eventAt(position);
        String canonical = publication.topic().name();
        byte[] also = publication.topics().stream()
                .skip(1)
                .map(topic -> "also: " + topic.name() + "\n")
                .collect(Collectors.joining())
                .getBytes(StandardCharsets.UTF_8);
        byte[] text = Arrays.copyOf(also, also.length + EventEncoder.length(event, canonical));
        return encoder.frame(text, EventEncoder.encode(event, canonical, text, also.length));
    }

    /** An event's frame, with a {@code topic:} line if there is a topic. */
    static Frame frame(FrameEncoder encoder, Event event, @Nullable Topic topic) {
        String name = topic == null ? null : topic.name();
        int most = EventEncoder.maxLength(event, name);
        byte[] text = most <= SCRATCH_BYTES ? SCRATCH.get() : new byte[EventEncoder.length(event, name)];
        return encoder.frame(text, EventEncoder.encode(event, name, text, 0));
    }
}
