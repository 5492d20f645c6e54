package dev.fanfare.server;

import java.util.List;
import java.util.Map;

/** An event as its lines came, without the blank one; read as the simplest of clients would. */
record Received(List<String> lines) {

    String type() {
        String type = last("event");
        return type.isEmpty() ? "message" : type;
    }

    String id() {
        return last("id");
    }

    String topic() {
        return last("topic");
    }

    String data() {
        return String.join("\n", values("data"));
    }

    Map<String, Object> json() {
        return JsonText.object(data());
    }

    List<String> values(String field) {
        return lines.stream()
                .filter(line -> line.equals(field) || line.startsWith(field + ":"))
                .map(line -> line.substring(Math.min(line.length(), field.length() + 1)))
                .map(value -> value.startsWith(" ") ? value.substring(1) : value)
                .toList();
    }

    private String last(String field) {
        List<String> values = values(field);
        return values.isEmpty() ? "" : values.get(values.size() - 1);
    }
}
