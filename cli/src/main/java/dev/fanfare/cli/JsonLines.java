package dev.fanfare.cli;

import dev.fanfare.http.Json;
import dev.fanfare.server.LogField;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import tools.jackson.core.JsonGenerator;

/** Writes a log record as one line that is a JSON object: {@code time}, {@code level}, {@code logger}, {@code message}, and its fields. */
final class JsonLines extends Formatter {

    private static final Set<String> OWN = Set.of("time", "level", "logger", "message", "exception");

    /** Has the node log such lines from now on; not where a file says how to log. */
    static void use() {
        for (Handler handler : Logger.getLogger("").getHandlers()) {
            if (handler.getFormatter() instanceof LogLines) {
                handler.setFormatter(new JsonLines());
            }
        }
    }

    @Override
    public String format(LogRecord entry) {
        byte[] line = Json.bytes(json -> {
            json.writeStringProperty("time", LogLines.time(entry));
            json.writeStringProperty("level", entry.getLevel().getName());
            json.writeStringProperty("logger", LogLines.shortName(entry.getLoggerName()));
            json.writeStringProperty("message", formatMessage(entry));
            Object[] parameters = entry.getParameters();
            for (Object parameter : parameters == null ? new Object[0] : parameters) {
                if (parameter instanceof LogField field && !OWN.contains(field.name())) {
                    write(json, field);
                }
            }
            if (entry.getThrown() != null) {
                StringWriter trace = new StringWriter();
                entry.getThrown().printStackTrace(new PrintWriter(trace));
                json.writeStringProperty("exception", trace.toString());
            }
        });
        return new String(line, StandardCharsets.UTF_8) + "\n";
    }

    private static void write(JsonGenerator json, LogField field) {
        if (field.value() instanceof Integer || field.value() instanceof Long) {
            json.writeNumberProperty(field.name(), ((Number) field.value()).longValue());
        } else if (field.value() instanceof Boolean truth) {
            json.writeBooleanProperty(field.name(), truth);
        } else {
            json.writeStringProperty(field.name(), field.toString());
        }
    }
}
