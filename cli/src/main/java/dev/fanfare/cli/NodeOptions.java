package dev.fanfare.cli;

import dev.fanfare.client.EventSource;
import dev.fanfare.client.EventSourceBuilder;
import dev.fanfare.client.Publisher;
import dev.fanfare.client.PublisherBuilder;
import dev.fanfare.client.RefusedException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which node the client commands talk to, and as whom. */
final class NodeOptions {

    @Option(names = "--url", paramLabel = "URL", description = "the node (FANFARE_URL, else http://127.0.0.1:7070)")
    private @Nullable String url;

    @Option(
            names = "--token",
            paramLabel = "TOKEN",
            description = "a JWT or an API key (FANFARE_TOKEN, which other users of the machine can't see)")
    private @Nullable String token;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    /** A publisher to the node. */
    PublisherBuilder publisher() {
        try {
            PublisherBuilder publisher = Publisher.to(uri());
            String credential = credential();
            return credential == null ? publisher : publisher.header("Authorization", credential);
        } catch (IllegalArgumentException e) {
            throw usage(e);
        }
    }

    /** A source of the node's events on topics, with their topics. */
    EventSourceBuilder source(List<String> selectors, @Nullable String from) {
        String topics = selectors.stream().map(it -> "topic=" + encode(it)).collect(Collectors.joining("&"));
        String query = "?" + topics + "&with=topic" + (from == null ? "" : "&from=" + encode(from));
        try {
            EventSourceBuilder source =
                    EventSource.builder(URI.create(uri().toString().replaceFirst("/*$", "") + "/events" + query));
            String credential = credential();
            return credential == null ? source : source.header("Authorization", credential);
        } catch (IllegalArgumentException e) {
            throw usage(e);
        }
    }

    /** What went wrong, for people. */
    String explain(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof ExecutionException || cause instanceof CompletionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof RefusedException refused) {
            return refused.problem().toString();
        }
        boolean unreachable = cause instanceof ConnectException || cause.getCause() instanceof ConnectException;
        return unreachable
                ? "no connection to " + uri() + " (is a node running there?)"
                : cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    private URI uri() {
        String text = given(url, "FANFARE_URL");
        URI uri = URI.create(text == null ? "http://127.0.0.1:7070" : text);
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw new IllegalArgumentException("url: " + uri + " (expected: http://host:port, without ? and #)");
        }
        return uri;
    }

    private @Nullable String credential() {
        String given = given(token, "FANFARE_TOKEN");
        if (given != null && !given.chars().allMatch(character -> character > ' ' && character < 127)) {
            throw new IllegalArgumentException(
                    "the token has a space, a line break or another character that none has (is it cut out whole?)");
        }
        return given == null ? null : "Bearer " + given;
    }

    private static @Nullable String given(@Nullable String option, String variable) {
        return option == null ? System.getenv(variable) : option;
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private ParameterException usage(IllegalArgumentException e) {
        return new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
}
