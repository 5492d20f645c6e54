package dev.fanfare.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Operate: the browser client, as a node gives it to pages. */
class StaticFileTest {

    private static final String FILE = "/fanfare.js";

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {FILE, "/fanfare-shared.js", "/fanfare-topics.js"})
    void aPageGetsTheClientAsAModule(String path) {
        Answer answer = node.get(path).has(200);
        assertThat(answer.header("Content-Type")).startsWith("text/javascript");
        assertThat(answer.text()).contains("export");
        assertThat(answer.names()).doesNotContain("content-encoding");
    }

    @Test
    void itIsCompressedForWhomThatMayBe() throws IOException {
        byte[] plain = node.get(FILE).body();
        Answer answer = node.get(FILE, "Accept-Encoding: br, gzip;q=0.8");
        assertThat(answer.header("Content-Encoding")).isEqualTo("gzip");
        assertThat(answer.header("Vary")).contains("Accept-Encoding");
        assertThat(answer.body()).hasSizeLessThan(plain.length / 2);
        assertThat(new GZIPInputStream(new ByteArrayInputStream(answer.body())).readAllBytes())
                .isEqualTo(plain);
        for (String none : List.of("gzip;q=0", "gzip ; q=0.00", "br", "")) {
            assertThat(node.get(FILE, "Accept-Encoding: " + none).body()).isEqualTo(plain);
        }
    }

    @Test
    void whoHasItIsToldSo() {
        for (String encoding : List.of("identity", "gzip")) {
            Answer first = node.get(FILE, "Accept-Encoding: " + encoding);
            assertThat(first.header("Cache-Control")).isEqualTo("no-cache");
            String tag = first.header("ETag");
            Answer again = node.get(FILE, "Accept-Encoding: " + encoding, "If-None-Match: \"other\", " + tag)
                    .has(304);
            assertThat(again.body()).isEmpty();
            assertThat(again.header("ETag")).isEqualTo(tag);
            node.get(FILE, "Accept-Encoding: " + encoding, "If-None-Match: \"other\"")
                    .has(200);
        }
    }

    @Test
    void headAnswersTheHeadAndNothingElseIsAllowed() {
        Answer whole = node.get(FILE);
        Answer head = node.ask("HEAD", FILE).has(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.header("Content-Length")).isEqualTo(String.valueOf(whole.body().length));
        node.post(FILE, "x").isProblem(405);
        node.get("/fanfare.jsx").isProblem(404);
    }

    @Test
    void itTakesNoCredentialAndNoOtherOriginThanOthersDo() {
        try (TestNode asking = TestNode.with(bounds -> {
            bounds.auth = Credentials.SETTINGS;
            bounds.origins = List.of("https://app.example");
        })) {
            assertThat(asking.get(FILE, "Origin: https://app.example").has(200).header("Access-Control-Allow-Origin"))
                    .isEqualTo("https://app.example");
            assertThat(asking.get(FILE, "Origin: https://other.example")
                            .has(200)
                            .names())
                    .doesNotContain("access-control-allow-origin");
        }
    }

    @Test
    void aConnectionGoesOnAfterIt() throws IOException {
        try (Wire wire = node.connect()) {
            wire.send("GET " + FILE
                    + " HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(wire.answer().has(200).body()).isNotEmpty();
            assertThat(new String(wire.answer().has(200).body(), UTF_8)).contains("ok");
        }
    }
}
