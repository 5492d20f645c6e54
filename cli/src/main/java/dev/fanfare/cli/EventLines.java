package dev.fanfare.cli;

import dev.fanfare.stream.Event;
import java.io.StringWriter;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** How {@code tail} writes an event. */
interface EventLines {

    /** The event as one line, or more, without the last line's end. */
    String event(Event event, @Nullable String topic);

    /** For people: further lines of the data are indented, and what could steer a terminal is made visible. */
    final class Text implements EventLines {

        @Override
        public String event(Event event, @Nullable String topic) {
            String id = event.id() == null || event.id().isEmpty() ? "-" : event.id();
            String data = event.data().replace("\n", "\n    ");
            return visible("%s  %s  %s  %s".formatted(id, topic == null ? "-" : topic, event.type(), data));
        }

        private static String visible(String text) {
            StringBuilder line = new StringBuilder(text.length());
            text.codePoints().forEach(c -> {
                if (Character.isISOControl(c) && c != '\n' && c != '\t') {
                    line.append("\\u%04x".formatted(c));
                } else {
                    line.appendCodePoint(c);
                }
            });
            return line.toString();
        }
    }

    /** For programs: one JSON object a line. */
    final class Json implements EventLines {

        private static final JsonFactory JSON = new JsonFactory();

        @Override
        public String event(Event event, @Nullable String topic) {
            StringWriter line = new StringWriter();
            try (JsonGenerator generator = JSON.createGenerator(ObjectWriteContext.empty(), line)) {
                generator.writeStartObject();
                generator.writeStringProperty("id", event.id());
                generator.writeStringProperty("topic", topic);
                generator.writeStringProperty("event", event.type());
                generator.writeStringProperty("data", event.data());
                generator.writeEndObject();
            }
            return line.toString();
        }
    }
}
