package dev.fanfare.cli;

import dev.fanfare.client.Publisher;
import dev.fanfare.stream.Event;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Publishes an event, or one for each line of standard input. */
@Command(
        name = "publish",
        description = "Publishes an event and prints its id; with -, the id of the last one.",
        sortOptions = false,
        footer = {
            "",
            "Data that begins with a dash goes after --: fanfare publish temperature -- -5",
            "",
            "Exit codes: 0 published, 1 refused or failed, 2 wrong usage.",
        })
final class Publish implements Callable<Integer> {

    /** Lines that are on their way to the node at a time. */
    private static final int UNANSWERED = 64;

    private static final Duration DEADLINE = Duration.ofSeconds(10);

    /** Long enough for a node to be started again meanwhile. */
    private static final Duration LINE_DEADLINE = Duration.ofSeconds(60);

    @Parameters(index = "0", paramLabel = "TOPIC", description = "the topic, like orders/42")
    private String topic = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "DATA|-",
            description = "the data, empty if left out; -: standard input, one event a line, published as it arrives")
    private String data = "";

    @Option(names = "--event", paramLabel = "TYPE", description = "the event type (message)")
    private String type = Event.MESSAGE;

    @Option(names = "--id", paramLabel = "ID", description = "an id of your own, instead of the node's")
    private @Nullable String id;

    @Mixin
    private NodeOptions node = new NodeOptions();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        boolean lines = data.equals("-");
        if (lines && id != null) {
            throw usage("--id is for one event, and - may be many");
        }
        Event event;
        try {
            event = new Event(type, data, id, Event.NO_RETRY);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
        // what is not answered when this ends is not worth waiting for: either all is, or one has failed
        try (Publisher publisher = node.publisher()
                .deadline(lines ? LINE_DEADLINE : DEADLINE)
                .whenFull(Publisher.WhenFull.BLOCK)
                .closeTimeout(Duration.ZERO)
                .open()) {
            String last = lines
                    ? publishLines(publisher, System.in)
                    : publisher.publish(topic, event).toCompletableFuture().get();
            PrintWriter out = spec.commandLine().getOut();
            out.println(last);
            out.flush();
            return Main.OK;
        } catch (ExecutionException e) {
            throw new CommandFailed(node.explain(e));
        }
    }

    /** Publishes line by line until the input ends or a line fails; the id of the last one, empty if there was none. */
    private String publishLines(Publisher publisher, InputStream in) throws InterruptedException, ExecutionException {
        CompletableFuture<String> done = new CompletableFuture<>();
        try (Progress progress = Progress.on(spec.commandLine().getErr())) {
            // a thread of its own, since nothing interrupts a read of standard input when an earlier line has failed
            Thread reader = new Thread(() -> readLines(new InputLines(in), publisher, progress, done), "fanfare-lines");
            reader.setDaemon(true);
            reader.start();
            return done.get();
        }
    }

    private void readLines(InputLines lines, Publisher publisher, Progress progress, CompletableFuture<String> done) {
        Semaphore room = new Semaphore(UNANSWERED);
        CompletableFuture<String> last = CompletableFuture.completedFuture("");
        try {
            for (String line = lines.next(); line != null && !done.isDone(); line = lines.next()) {
                room.acquire();
                long number = lines.number();
                last = publisher
                        .publish(topic, new Event(type, line, null, Event.NO_RETRY))
                        .whenComplete((newId, failure) -> {
                            if (failure == null) {
                                progress.step();
                            } else {
                                done.completeExceptionally(failed(number, node.explain(failure), failure));
                            }
                            room.release();
                        })
                        .toCompletableFuture();
            }
            room.acquire(UNANSWERED);
            last.thenAccept(done::complete);
        } catch (IOException e) {
            room.acquireUninterruptibly(UNANSWERED);
            done.completeExceptionally(failed(lines.number(), String.valueOf(e.getMessage()), e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static IOException failed(long line, String why, Throwable cause) {
        return new IOException("line " + line + ": " + why + "; the lines before it are published", cause);
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
