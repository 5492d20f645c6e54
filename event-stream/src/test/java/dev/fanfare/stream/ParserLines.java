package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/**
 * Runs anyone's vectors against {@link EventParser}: a JSON line a case on standard input, {@code {"n":..,"lastEventId":"..",
 * "chunks":["<base64>",...]}}, and one answer a line on standard output, {@code {"n":..,"events":[{"type","data","lastEventId"}],
 * "retry":<ms or null>,"lastEventId":".."}}, after the chunks and the end of the stream. {@code n} comes back as it was written.
 * What is no case ends the program with an exception.
 */
final class ParserLines {
    private static final int MAX_BUFFER = 1 << 30;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private ParserLines() {}

    public static void main(String[] args) throws IOException {
        answer(System.in, System.out);
    }

    static void answer(InputStream cases, OutputStream answers) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(cases, UTF_8));
        BufferedWriter out = new BufferedWriter(new OutputStreamWriter(answers, UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (!line.isBlank()) {
                out.write(Case.read(line).answer());
                out.write('\n');
                out.flush();
            }
        }
    }

    /** A case; {@code n} is null, a number as it was written, or a string. */
    private record Case(@Nullable String n, boolean nIsNumber, String lastEventId, List<byte[]> chunks) {

        static Case read(String line) {
            String n = null;
            boolean nIsNumber = false;
            String lastEventId = "";
            List<byte[]> chunks = new ArrayList<>();
            try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), line)) {
                expect(JsonToken.START_OBJECT, json.nextToken(), line);
                while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                    String name = json.currentName();
                    JsonToken value = json.nextToken();
                    switch (name) {
                        case "n" -> {
                            nIsNumber = value.isNumeric();
                            n = value == JsonToken.VALUE_NULL ? null : json.getString();
                        }
                        case "lastEventId" -> lastEventId = value == JsonToken.VALUE_NULL ? "" : json.getString();
                        case "chunks" -> {
                            expect(JsonToken.START_ARRAY, value, line);
                            while (json.nextToken() == JsonToken.VALUE_STRING) {
                                chunks.add(Base64.getDecoder().decode(json.getString()));
                            }
                            expect(JsonToken.END_ARRAY, json.currentToken(), line);
                        }
                        default -> json.skipChildren();
                    }
                }
            }
            return new Case(n, nIsNumber, lastEventId, chunks);
        }

        String answer() {
            Heard.Recorder recorder = new Heard.Recorder();
            EventParser parser = new EventParser(recorder, MAX_BUFFER, lastEventId);
            chunks.forEach(chunk -> parser.feed(chunk, 0, chunk.length));
            parser.end();
            Heard heard = new Heard(recorder.calls, parser.lastEventId());

            StringWriter text = new StringWriter();
            try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
                json.writeStartObject();
                json.writeName("n");
                if (nIsNumber) {
                    json.writeNumber(n);
                } else {
                    json.writeString(n);
                }
                json.writeArrayPropertyStart("events");
                for (Event event : heard.events()) {
                    json.writeStartObject();
                    json.writeStringProperty("type", event.type());
                    json.writeStringProperty("data", event.data());
                    json.writeStringProperty("lastEventId", event.id());
                    json.writeEndObject();
                }
                json.writeEndArray();
                List<Long> retries = heard.retries();
                json.writeName("retry");
                if (retries.isEmpty()) {
                    json.writeNull();
                } else {
                    json.writeNumber(retries.get(retries.size() - 1));
                }
                json.writeStringProperty("lastEventId", heard.lastEventId());
                json.writeEndObject();
            }
            return text.toString();
        }

        private static void expect(JsonToken wanted, @Nullable JsonToken found, String line) {
            if (found != wanted) {
                throw new IllegalArgumentException(
                        "no case: " + line + " (expected: " + wanted + ", not " + found + ")");
            }
        }
    }
}
