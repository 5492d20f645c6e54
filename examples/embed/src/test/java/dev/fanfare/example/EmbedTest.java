package dev.fanfare.example;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fanfare.hub.FrameEncoder;
import dev.fanfare.hub.Hub;
import dev.fanfare.hub.HubSettings;
import dev.fanfare.hub.MemoryLog;
import dev.fanfare.hub.Retention;
import dev.fanfare.stream.Event;
import dev.fanfare.stream.EventParser;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EmbedTest {
    private static final Retention RETENTION =
            new Retention(Duration.ofHours(1), 8L << 20, Long.MAX_VALUE, false, 1_000, Duration.ofMinutes(1));
    private static final HubSettings SETTINGS =
            new HubSettings(4L << 20, Duration.ofHours(1), Duration.ofSeconds(3), Duration.ofSeconds(60));

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void resumesAfterTheLastEventIdWithoutLossOrDuplicates() throws Exception {
        try (Embed embed = new Embed(Hub.inMemory(), 0)) {
            List<String> data = new ArrayList<>();
            String id = read(embed, null, data, () -> publish(embed, 0, 10), 4);
            publish(embed, 10, 20);
            id = read(embed, id, data, () -> publish(embed, 20, 30), 12);
            read(embed, id, data, () -> {}, 30);

            List<String> all = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                all.add("e" + i);
            }
            assertThat(data).isEqualTo(all);
        }
    }

    @Test
    void refusesWhatIsNoTopic() throws Exception {
        try (Embed embed = new Embed(Hub.inMemory(), 0)) {
            assertThat(http.send(HttpRequest.newBuilder(uri(embed, "a//b")).build(), BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(400);
        }
    }

    @Test
    void aReaderThatStallsKeepsMemoryFlat() throws Exception {
        Hub hub = new Hub(new MemoryLog(RETENTION, InstantSource.system()), SETTINGS, FrameEncoder.PLAIN);
        try (Embed embed = new Embed(hub, 0)) {
            List<Socket> stalled = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                Socket socket = new Socket();
                socket.setReceiveBufferSize(16_384);
                socket.connect(new InetSocketAddress("127.0.0.1", embed.port()));
                socket.getOutputStream().write("GET /topics/a HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8));
                stalled.add(socket);
            }
            await().until(() ->
                    hub.loops().stream().mapToInt(loop -> loop.cursors()).sum() == 20);
            String text = "x".repeat(10_000);
            fill(hub, text, 20L << 20);
            long before = heap();
            fill(hub, text, 200L << 20);
            long more = heap() - before;
            System.out.printf("%,d kB more heap after 200 MiB past 20 stalled readers%n", more >> 10);
            assertThat(more).isLessThan(8L << 20);
            for (Socket socket : stalled) {
                socket.close();
            }
            await().until(() -> hub.loops().get(0).cursors() == 0);
        }
    }

    private static void fill(Hub hub, String text, long bytes) {
        for (long sent = 0; sent < bytes; sent += text.length()) {
            hub.publish("a", Event.message(text)).toCompletableFuture().join();
        }
    }

    private static long heap() {
        System.gc();
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** Reads on a connection of its own until so many events are there in all, cuts it, and returns the last event ID. */
    private static String read(Embed embed, @Nullable String lastEventId, List<String> data, Runnable once, int until)
            throws IOException {
        EventParser parser = new EventParser(
                (event, topic) -> {
                    if (event.type().equals(Event.MESSAGE) && data.size() < until) {
                        data.add(event.data());
                    }
                },
                1 << 20,
                lastEventId == null ? "" : lastEventId);
        try (Socket socket = new Socket("127.0.0.1", embed.port())) {
            String header = lastEventId == null ? "" : "Last-Event-ID: " + lastEventId + "\r\n";
            socket.getOutputStream().write(("GET /topics/a HTTP/1.0\r\n" + header + "\r\n").getBytes(UTF_8));
            InputStream in = socket.getInputStream();
            skipHead(in);
            boolean published = false;
            String known = parser.lastEventId();
            for (int b = in.read(); b >= 0; b = in.read()) {
                parser.feed(new byte[] {(byte) b}, 0, 1);
                known = parser.lastEventId();
                if (!published && (lastEventId != null || !known.isEmpty())) {
                    published = true;
                    once.run();
                }
                if (data.size() >= until) {
                    break;
                }
            }
            return known;
        }
    }

    private static void skipHead(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            int b = in.read();
            assertThat(b).as("a byte after " + head).isNotNegative();
            head.append((char) b);
        }
        assertThat(head.toString()).contains(" 200 ").containsIgnoringCase("Content-Type: text/event-stream");
    }

    private void publish(Embed embed, int from, int to) {
        for (int i = from; i < to; i++) {
            HttpRequest request = HttpRequest.newBuilder(uri(embed, "a"))
                    .POST(HttpRequest.BodyPublishers.ofString("e" + i))
                    .build();
            assertThat(http.sendAsync(request, BodyHandlers.discarding()).join().statusCode())
                    .isEqualTo(201);
        }
    }

    private static URI uri(Embed embed, String topic) {
        return URI.create("http://127.0.0.1:" + embed.port() + "/topics/" + topic);
    }
}
