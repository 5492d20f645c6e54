package dev.fanfare.cli;

import dev.fanfare.client.Ending;
import dev.fanfare.client.EventSource;
import dev.fanfare.client.EventSourceBuilder;
import dev.fanfare.client.Gap;
import dev.fanfare.stream.Event;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Subscribes and prints, for as long as there can be more. */
@Command(
        name = "tail",
        description =
                "Subscribes and prints each event as a line: id, topic, type, data. Goes on by itself after a loss.",
        sortOptions = false,
        footer = {
            "",
            "Exit codes: 0 the topics have ended, 1 refused, 2 wrong usage.",
        })
final class Tail implements Callable<Integer> {

    @Parameters(
            paramLabel = "SELECTOR",
            arity = "1..*",
            description = "topics, or patterns: orders/42, orders/* for one segment, orders/** for all below")
    private List<String> selectors = List.of();

    @Option(
            names = "--from",
            paramLabel = "PLACE",
            description =
                    "where to start: now (default), start, last, -N for the newest N, an id, a time, an age like 10m")
    private @Nullable String from;

    @Option(names = "--last-event-id", paramLabel = "ID", description = "go on after this event; wins over --from")
    private @Nullable String lastEventId;

    @Option(names = "--json", description = "print JSON lines: {\"id\",\"topic\",\"event\",\"data\"}")
    private boolean json;

    @Mixin
    private NodeOptions node = new NodeOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    private final CompletableFuture<Integer> code = new CompletableFuture<>();

    @Override
    public Integer call() throws Exception {
        EventSourceBuilder source = node.source(selectors, from);
        if (lastEventId != null) {
            source.lastEventId(lastEventId);
        }
        try (EventSource open = source.open(new Lines())) {
            open.ending().thenAccept(ending -> code.complete(code(ending)));
            return code.get();
        }
    }

    private int code(Ending ending) {
        if (ending instanceof Ending.Refused refused) {
            say("refused: " + refused.problem());
            return Main.FAILED;
        }
        if (ending instanceof Ending.Failed failed) {
            say(node.explain(failed.cause()));
            return Main.FAILED;
        }
        return Main.OK;
    }

    private void say(String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("fanfare: " + line);
        err.flush();
    }

    /** Prints what the source hears. */
    private final class Lines implements EventSource.Listener {

        private final EventLines lines = json ? new EventLines.Json() : new EventLines.Text();
        private boolean lost;

        @Override
        public void open() {
            if (lost) {
                say("connected again");
            }
            lost = false;
        }

        @Override
        public void event(Event event, @Nullable String topic) {
            print(lines.event(event, topic));
        }

        @Override
        public void gap(Gap gap) {
            say("events are missing after " + gap.after() + " (" + gap.reason() + ")");
            if (json) {
                print(lines.event(new Event("fanfare-gap", gap.data(), gap.resumedAt(), Event.NO_RETRY), null));
            }
        }

        @Override
        public void retrying(Throwable cause, Duration delay) {
            if (!lost) {
                say(node.explain(cause) + "; trying again");
            }
            lost = true;
        }

        private void print(String line) {
            PrintWriter out = spec.commandLine().getOut();
            out.println(line);
            if (out.checkError()) { // flushes; an error is a reader that has seen enough
                code.complete(Main.OK);
            }
        }
    }
}
