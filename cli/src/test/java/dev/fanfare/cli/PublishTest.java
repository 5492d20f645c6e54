package dev.fanfare.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PublishTest {

    private final InputStream standardInput = System.in;
    private FakeNode node;

    @BeforeEach
    void start() throws IOException {
        node = new FakeNode();
    }

    @AfterEach
    void stop() {
        node.close();
        System.setIn(standardInput);
    }

    @Test
    void publishesAnEventAndPrintsItsId() {
        Run run = publish("orders/42", "für alle", "--event", "shipped", "--id", "o-1", "--token", "t");

        assertThat(run).isEqualTo(new Run(0, "1763683200000-1" + System.lineSeparator(), ""));
        assertThat(node.requests).containsExactly("POST /topics/orders/42?event=shipped&id=o-1 Bearer t für alle");
    }

    @Test
    void aTokenThatNoHeaderCanCarryIsRefusedAndNotShown() {
        Run run = publish("t", "data", "--token", "secret\nsecret");

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("the token has").doesNotContain("secret");
        assertThat(node.requests).isEmpty();
    }

    @Test
    void publishesAnEmptyEventWithoutDataAndDataWithADashAfterTwo() {
        assertThat(publish("t").code()).isZero();
        assertThat(publish("t", "--", "-5").code()).isZero();

        assertThat(node.requests).containsExactly("POST /topics/t", "POST /topics/t -5");
    }

    @Test
    void publishesEachLineOfStandardInputInOrder() {
        String lines = IntStream.range(0, 300).mapToObj(n -> "line " + n + "\n").collect(Collectors.joining());
        input((lines + "\r\nlast, ü").getBytes(UTF_8));

        Run run = publish("log", "-");

        assertThat(run).isEqualTo(new Run(0, "1763683200000-302" + System.lineSeparator(), ""));
        assertThat(node.requests).hasSize(302).startsWith("POST /topics/log line 0", "POST /topics/log line 1");
        assertThat(node.requests.subList(299, 302))
                .containsExactly("POST /topics/log line 299", "POST /topics/log", "POST /topics/log last, ü");
    }

    @Test
    void publishesALineWhenItArrivesAndNotWhenTheInputEnds() throws IOException {
        try (PipedOutputStream pipe = new PipedOutputStream()) {
            System.setIn(new PipedInputStream(pipe));
            CompletableFuture<Run> run = CompletableFuture.supplyAsync(() -> publish("log", "-"));
            pipe.write("first\n".getBytes(UTF_8));
            pipe.flush();

            Awaitility.await().until(() -> node.requests.contains("POST /topics/log first"));

            assertThat(run).isNotDone();
            pipe.close();
            assertThat(run.join().code()).isZero();
        }
    }

    @Test
    void stopsAtALineThatIsRefusedAndNamesIt() throws IOException {
        try (PipedOutputStream pipe = new PipedOutputStream()) {
            System.setIn(new PipedInputStream(pipe));
            pipe.write("fits\ntoo large\n".getBytes(UTF_8)); // and no end, which it must not wait for
            pipe.flush();

            Run run = publish("log", "-");

            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err().strip())
                    .isEqualTo("fanfare: line 2: 413 Refused: send less; the lines before it are published");
        }
    }

    @Test
    void stopsAtALineThatIsNotUtf8() {
        input("good\nB\u00f6se\n".getBytes(ISO_8859_1));

        Run run = publish("log", "-");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("line 2: not UTF-8 (expected: text; send other data as base64)");
        assertThat(node.requests).containsExactly("POST /topics/log good");
    }

    @Test
    void saysWhatTheNodeSaidWhenItRefuses() {
        Run run = publish("t", "too large");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err().strip()).isEqualTo("fanfare: 413 Refused: send less");
    }

    @Test
    void isWrongUsageWithATypeAnIdOrAUrlThatCannotBe() {
        assertThat(publish("t", "x", "--event", "a\nb").code()).isEqualTo(2);
        assertThat(publish("t", "-", "--id", "a").err()).contains("--id is for one event");
        assertThat(Run.of("publish", "t", "x", "--url", "localhost:7070").err()).contains("expected: http://host");
        assertThat(Run.of("publish").code()).isEqualTo(2);
        assertThat(node.requests).isEmpty();
    }

    private Run publish(String... arguments) {
        return Run.of(IntStream.range(0, arguments.length + 2)
                .mapToObj(n -> n == 0 ? "publish" : n == 1 ? "--url=" + node.url() : arguments[n - 2])
                .toArray(String[]::new));
    }

    private static void input(byte[] bytes) {
        System.setIn(new ByteArrayInputStream(bytes));
    }
}
