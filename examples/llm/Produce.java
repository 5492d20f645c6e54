import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;

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
        HttpResponse<Flow.Publisher<List<ByteBuffer>>> asked = CLIENT.send(
                HttpRequest.newBuilder(url("LLM_URL", "http://127.0.0.1:7071", PATHS.get(args[1])))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(question(args[2])))
                        .build(),
                BodyHandlers.ofPublisher());
        if (asked.statusCode() != 200) {
            throw new IllegalStateException("the model answered " + asked.statusCode());
        }
        CompletableFuture<HttpResponse<String>> publishing = CLIENT.sendAsync(
                HttpRequest.newBuilder(url("FANFARE_URL", "http://127.0.0.1:7070", "/topics/answers/" + id + "?end"))
                        .header("Content-Type", "text/event-stream")
                        .header("Idempotency-Key", id)
                        .POST(BodyPublishers.fromPublisher(new AsItComes(asked.body())))
                        .build(),
                BodyHandlers.ofString());
        listenForStop(id, publishing);
        int exit = 1;
        try {
            HttpResponse<String> published = publishing.join();
            System.out.println(published.body());
            exit = published.statusCode() == 200 ? 0 : 1;
        } catch (CancellationException | CompletionException failed) {
            System.err.println(failed);
        }
        System.exit(exit); // hangs up on the model, too
    }

    /** This client reads no answer (409) before it has sent its whole request, so it hears a stop where the readers do: at the end. */
    private static void listenForStop(String id, CompletableFuture<?> publishing) {
        URI end = url("FANFARE_URL", "http://127.0.0.1:7070", "/topics/answers/" + id + "?event=none");
        CLIENT.sendAsync(HttpRequest.newBuilder(end).build(), BodyHandlers.ofLines())
                .thenAccept(stream -> stream.body()
                        .filter(line -> line.equals("data: {\"reason\":\"cancelled\"}"))
                        .forEach(line -> {
                            System.err.println("stopped by a reader");
                            publishing.cancel(true);
                        }));
    }

    private static URI url(String variable, String otherwise, String path) {
        return URI.create(System.getenv().getOrDefault(variable, otherwise) + path);
    }

    private static String question(String prompt) {
        String text = prompt.replace("\\", "\\\\").replace("\"", "\\\"");
        return "{\"model\":\"fake\",\"stream\":true,\"max_tokens\":1024,\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]}";
    }

    /**
     * The model's answer as the body of a request, part for part; where the model breaks off, so does the request, and the topic ends as
     * {@code aborted}. {@code BodyPublishers.ofInputStream} would be shorter, but sends a part only when it has read the next.
     */
    private record AsItComes(Flow.Publisher<List<ByteBuffer>> answer) implements Flow.Publisher<ByteBuffer> {

        @Override
        public void subscribe(Flow.Subscriber<? super ByteBuffer> request) {
            answer.subscribe(new Flow.Subscriber<>() {

                @Override
                public void onSubscribe(Flow.Subscription subscription) {
                    request.onSubscribe(subscription);
                }

                @Override
                public void onNext(List<ByteBuffer> part) {
                    ByteBuffer whole = ByteBuffer.allocate(part.stream().mapToInt(ByteBuffer::remaining).sum());
                    part.forEach(whole::put);
                    request.onNext(whole.flip());
                }

                @Override
                public void onError(Throwable failure) {
                    request.onError(failure);
                }

                @Override
                public void onComplete() {
                    request.onComplete();
                }
            });
        }
    }
}
