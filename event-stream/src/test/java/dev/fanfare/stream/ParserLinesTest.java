package dev.fanfare.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ParserLinesTest {

    @Test
    void answersEachCaseOnALineOfItsOwn() throws IOException {
        String answers = answers("{\"n\":1,\"lastEventId\":\"7\",\"chunks\":["
                + base64("data: a\r", "\nevent: t\r\n\r", "\nid: 8\n") + "]}\n{\"n\":2,\"chunks\":["
                + base64("retry: 5\nretry: 6\nid: \u00E9\ndata: \u20AC\"\n\n") + "]}\n");

        assertThat(answers.lines())
                .containsExactly(
                        "{\"n\":1,\"events\":[{\"type\":\"t\",\"data\":\"a\",\"lastEventId\":\"7\"}],\"retry\":null,\"lastEventId\":\"7\"}",
                        "{\"n\":2,\"events\":[{\"type\":\"message\",\"data\":\"\u20AC\\\"\",\"lastEventId\":\"\u00E9\"}],"
                                + "\"retry\":6,\"lastEventId\":\"\u00E9\"}");
    }

    @Test
    void givesNBackAsItCame() throws IOException {
        String rest = ",\"events\":[],\"retry\":null,\"lastEventId\":\"\"}";

        assertThat(answers(
                                "{\"chunks\":[],\"n\":\"P3 \\\"cr\\\"\"}\n\n{\"n\":1.50,\"more\":[{}],\"chunks\":[\"\"]}\r\n"
                                        + "{\"n\":123456789012345678901234567890,\"lastEventId\":null,\"chunks\":[]}\n{\"chunks\":[]}")
                        .lines())
                .containsExactly(
                        "{\"n\":\"P3 \\\"cr\\\"\"" + rest,
                        "{\"n\":1.50" + rest,
                        "{\"n\":123456789012345678901234567890" + rest,
                        "{\"n\":null" + rest);
    }

    @Test
    void answersBeforeTheNextCaseIsThere() throws Exception {
        PipedOutputStream cases = new PipedOutputStream();
        PipedInputStream in = new PipedInputStream(cases);
        PipedOutputStream out = new PipedOutputStream();
        PipedInputStream answers = new PipedInputStream(out);
        Thread program = new Thread(() -> {
            try {
                ParserLines.answer(in, out);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        program.start();

        cases.write("{\"n\":1,\"chunks\":[]}\n".getBytes(UTF_8));
        cases.flush();

        assertThat((char) answers.read()).isEqualTo('{');
        cases.close();
        program.join();
    }

    @Test
    void endsWithAnExceptionOnWhatIsNoCase() {
        assertThatIllegalArgumentException().isThrownBy(() -> answers("[]")).withMessageContaining("no case: []");
    }

    private static String answers(String cases) throws IOException {
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        ParserLines.answer(new ByteArrayInputStream(cases.getBytes(UTF_8)), answers);
        return answers.toString(UTF_8);
    }

    private static String base64(String... chunks) {
        return Arrays.stream(chunks)
                .map(chunk -> '"' + Base64.getEncoder().encodeToString(chunk.getBytes(UTF_8)) + '"')
                .collect(Collectors.joining(","));
    }
}
