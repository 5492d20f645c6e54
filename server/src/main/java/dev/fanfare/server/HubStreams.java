package dev.fanfare.server;

import static java.util.stream.Collectors.joining;

import dev.fanfare.http.Query;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.Peers;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The event streams of all nodes of the hub, and what nodes ask one another about them. A question reads like a request, {@code
 * end?id=...}; its answer is text, a number or a line a stream.
 */
final class HubStreams implements Peers.Member {

    private static final String LIST = "list";
    private static final String END = "end";
    private static final String END_OF = "end-of";
    private static final String COUNT_OF = "count-of";
    private static final String PASSED = "passed";
    private static final String MORE = "more";

    private final Hub hub;
    private final Peers peers;
    private final OpenStreams here;
    private final Supplier<Map<String, Long>> figures;

    /**
     * A page of all streams.
     *
     * @param next after which there are more, or null
     * @param missing nodes that did not answer
     */
    record Page(List<OpenStreams.Row> rows, @Nullable String next, int missing) {}

    /** How many streams were ended, of as many nodes as are not missing. */
    record Ended(int count, int missing) {}

    HubStreams(Hub hub, Peers peers, OpenStreams here, Supplier<Map<String, Long>> figures) {
        this.hub = hub;
        this.peers = peers;
        this.here = here;
        this.figures = figures;
    }

    @Override
    public Map<String, Long> figures() {
        return figures.get();
    }

    @Override
    public CompletionStage<String> answer(String question) {
        int mark = question.indexOf('?');
        Query query = Query.of(question.substring(mark + 1));
        String name = mark < 0 ? question : question.substring(0, mark);
        return switch (name) {
            case LIST -> here.list(query).thenApply(HubStreams::lines);
            case END -> here.end(value(query, "id")).thenApply(String::valueOf);
            case END_OF -> here.endOf(value(query, "user")).thenApply(String::valueOf);
            case COUNT_OF -> here.countOf(value(query, "user")).thenApply(String::valueOf);
            case PASSED -> hub.passed().thenApply(passed -> "");
            default -> CompletableFuture.failedFuture(new IllegalArgumentException(name));
        };
    }

    private static String value(Query query, String name) {
        String value = query.first(name);
        if (value == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return value;
    }

    private CompletionStage<Peers.Answers> ask(String name, String... parameters) {
        List<String> query = new ArrayList<>();
        for (int i = 0; i < parameters.length; i += 2) {
            query.add(parameters[i] + "=" + URLEncoder.encode(parameters[i + 1], StandardCharsets.UTF_8));
        }
        return peers.ask(query.isEmpty() ? name : name + "?" + String.join("&", query));
    }

    private static String lines(OpenStreams.Page page) {
        String rows = page.rows().stream()
                .map(row -> row.id() + " " + row.json() + "\n")
                .collect(joining());
        return page.more() ? rows + MORE : rows;
    }

    private static OpenStreams.Page page(String lines) {
        List<OpenStreams.Row> rows = new ArrayList<>();
        lines.lines().filter(line -> !line.equals(MORE)).forEach(line -> {
            int space = line.indexOf(' ');
            rows.add(new OpenStreams.Row(line.substring(0, space), line.substring(space + 1)));
        });
        return new OpenStreams.Page(rows, lines.endsWith(MORE));
    }

    /** Lists as {@link OpenStreams#list} does, of all nodes. */
    CompletableFuture<Page> list(Query query) {
        int limit = query.number("limit", 1, OpenStreams.MOST, 100);
        List<String> asked = new ArrayList<>(List.of("limit", Integer.toString(limit)));
        for (String name : List.of("user", "topic", "after")) {
            String value = query.first(name);
            if (value != null) {
                asked.addAll(List.of(name, value));
            }
        }
        return here.list(query)
                .thenCombineAsync(
                        ask(LIST, asked.toArray(String[]::new)), (own, answers) -> merged(own, answers, limit));
    }

    /** In the order of all ids: of a node that has more than it told, nothing is known after the last that it did. */
    private static Page merged(OpenStreams.Page own, Peers.Answers answers, int limit) {
        List<OpenStreams.Page> pages = Stream.concat(
                        Stream.of(own), answers.texts().stream().map(HubStreams::page))
                .toList();
        String upTo = pages.stream()
                .filter(OpenStreams.Page::more)
                .map(page -> page.rows().get(page.rows().size() - 1).id())
                .min(Comparator.naturalOrder())
                .orElse(null);
        List<OpenStreams.Row> known = pages.stream()
                .flatMap(page -> page.rows().stream())
                .filter(row -> upTo == null || row.id().compareTo(upTo) <= 0)
                .sorted(Comparator.comparing(OpenStreams.Row::id))
                .toList();
        List<OpenStreams.Row> rows = known.subList(0, Math.min(limit, known.size()));
        boolean more = upTo != null || known.size() > limit;
        return new Page(rows, more ? rows.get(rows.size() - 1).id() : null, answers.missing());
    }

    /** Ends the stream of this id, on whichever node it is. */
    CompletableFuture<Ended> end(String id) {
        return here.end(id)
                .thenCompose(count -> count > 0
                        ? CompletableFuture.completedFuture(new Ended(count, 0))
                        : ask(END, "id", id).thenApply(answers -> ended(0, answers)));
    }

    /** Ends a user's streams on all nodes. */
    CompletableFuture<Ended> endOf(String user) {
        return here.endOf(user).thenCombine(ask(END_OF, "user", user), HubStreams::ended);
    }

    /** How many streams a user has on all nodes, as far as they answer; those here before anything that is done after this call. */
    CompletableFuture<Integer> countOf(String user) {
        return here.countOf(user)
                .thenCombine(
                        ask(COUNT_OF, "user", user),
                        (own, answers) -> ended(own, answers).count());
    }

    private static Ended ended(int own, Peers.Answers answers) {
        return new Ended(
                own + answers.texts().stream().mapToInt(Integer::parseInt).sum(), answers.missing());
    }

    /** Completes when no other node reads anything from its window that this one's is known to be without; how many have not said so. */
    CompletionStage<Integer> passed() {
        return ask(PASSED).thenApply(Peers.Answers::missing);
    }
}
