package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** A response as it came: the status line, the header lines in their order, and the body with its framing taken off. */
record Answer(String statusLine, List<Map.Entry<String, String>> headers, byte[] body) {

    int status() {
        return Integer.parseInt(statusLine.split(" ", 3)[1]);
    }

    /** The value of a header, of several lines joined by a comma; empty when there is none. */
    String header(String name) {
        return String.join(", ", all(name));
    }

    List<String> all(String name) {
        return headers.stream()
                .filter(line -> line.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue)
                .toList();
    }

    List<String> names() {
        return headers.stream()
                .map(line -> line.getKey().toLowerCase(Locale.ROOT))
                .toList();
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    Map<String, Object> json() {
        return JsonText.object(text());
    }

    /** A field of the JSON object in the body, which must have it. */
    Object field(String name) {
        return Objects.requireNonNull(json().get(name), () -> name + " in " + text());
    }

    String string(String name) {
        return (String) field(name);
    }

    /** A field that is an array of objects. */
    @SuppressWarnings("unchecked")
    List<Map<String, Object>> objects(String name) {
        return (List<Map<String, Object>>) field(name);
    }

    Answer has(int status) {
        assertThat(status()).as("%s\n%s", statusLine, text()).isEqualTo(status);
        return this;
    }

    /** Rule 6 of those that hold everywhere: a refusal is a problem document that says what to do, and shows nothing of the inside. */
    Answer isProblem(int status, String... mentions) {
        has(status);
        assertThat(header("Content-Type")).as("type of %s", text()).isEqualTo("application/problem+json");
        Map<String, Object> problem = json();
        assertThat(problem).containsEntry("status", (long) status);
        assertThat(string("title")).as("title of %s", problem).isNotBlank();
        assertThat(string("detail")).as("detail of %s", problem).isNotBlank();
        assertThat(text()).doesNotContain("Exception", "\\tat ", "\tat ", "java.", "io.netty", "dev.fanfare");
        if (mentions.length > 0) {
            assertThat(string("detail")).contains(mentions);
        }
        return this;
    }
}
