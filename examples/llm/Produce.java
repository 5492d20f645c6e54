import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;

/**
 * Asks a language model and publishes its answer while it comes, with the JDK's own HTTP client: {@code java Produce.java ID
 * openai|anthropic PROMPT}. FANFARE_URL and LLM_URL say where both are.
 */
final class Produce {

    private static final Map<String, String> PATHS = Map.of("openai", "/v1/chat/completions", "anthropic", "/v1/messages");

    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public static void main(String[] args) throws Exception {
        String id = args[0];
        HttpResponse<InputStream> asked = CLIENT.send(
                HttpRequest.newBuilder(url("LLM_URL", "http://127.0.0.1:7071", PATHS.get(args[1])))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(question(args[2])))
                        .build(),
                BodyHandlers.ofInputStream());
        if (asked.statusCode() != 200) {
            throw new IllegalStateException("the model answered " + asked.statusCode());
        }
        try (InputStream answer = asked.body()) { // read as it is sent: what the model breaks off, this breaks off
            HttpResponse<String> published = CLIENT.send(
                    HttpRequest.newBuilder(url("FANFARE_URL", "http://127.0.0.1:7070", "/topics/answers/" + id + "?end"))
                            .header("Content-Type", "text/event-stream")
                            .header("Idempotency-Key", id)
                            .POST(BodyPublishers.ofInputStream(() -> answer))
                            .build(),
                    BodyHandlers.ofString());
            System.out.println(published.body());
            System.exit(published.statusCode() == 200 ? 0 : 1);
        }
    }

    private static URI url(String variable, String otherwise, String path) {
        return URI.create(System.getenv().getOrDefault(variable, otherwise) + path);
    }

    private static String question(String prompt) {
        String text = prompt.replace("\\", "\\\\").replace("\"", "\\\"");
        return "{\"model\":\"fake\",\"stream\":true,\"max_tokens\":1024,\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]}";
    }
}
