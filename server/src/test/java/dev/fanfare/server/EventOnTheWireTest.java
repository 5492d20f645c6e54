package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** HTTP.md, Subscribe: what an event looks like, and which events come. */
@Tag("transport")
class EventOnTheWireTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @Test
    void theFieldsStandInOrderWithTheIdLast() {
        try (Subscriber stream = node.listen("topic=fields&with=topic")) {
            String id = node.publish("fields?event=paid&retry=700", "a\nb");
            assertThat(stream.next().lines())
                    .as("fact 3")
                    .containsExactly("event: paid", "retry: 700", "topic: fields", "data: a", "data: b", "id: " + id);
        }
    }

    @Test
    void theTypeMessageIsLeftOut() {
        try (Subscriber stream = node.listen("topic=plain")) {
            node.publish("plain?event=message", "1");
            node.publish("plain?event=", "2");
            String id = node.publish("plain", "3");
            assertThat(stream.next().lines()).hasSize(2);
            assertThat(stream.next().lines()).hasSize(2);
            assertThat(stream.next().lines()).containsExactly("data: 3", "id: " + id);
        }
    }

    @Test
    void theTopicLineNamesTheCanonicalTopic() {
        try (Subscriber stream = node.listen("topic=second/*&with=topic")) {
            node.publish("first/1?also=second/1", "x");
            assertThat(stream.next().topic()).isEqualTo("first/1");
        }
    }

    @Test
    void withAlsoNamesTheFurtherTopicsOnStreamsAndInPages() {
        try (Subscriber stream = node.listen("topic=third/*&with=also")) {
            String id = node.publish("third/1", "alone");
            assertThat(stream.next().lines()).containsExactly("topic: third/1", "data: alone", "id: " + id);
            node.publish("fourth/1?also=third/1&also=fifth%20%C3%A9&event=paid", "x");
            Received event = stream.next();
            assertThat(event.values("also")).containsExactly("third/1", "fifth \u00e9");
            assertThat(event.topic()).isEqualTo("fourth/1");
        }
        Answer page = node.page("topic=third/*&from=start&with=also");
        assertThat(page.objects("events").get(0)).doesNotContainKey("also");
        assertThat(page.objects("events").get(1)).containsEntry("also", List.of("third/1", "fifth \u00e9"));
        assertThat(node.page("topic=third/*&from=start").objects("events").get(1))
                .doesNotContainKey("also");
    }

    @Test
    void withoutWithThereIsNoTopicLine() {
        try (Subscriber stream = node.listen("topic=untold")) {
            node.publish("untold", "x");
            assertThat(stream.next().values("topic")).isEmpty();
        }
    }

    @Test
    void theEnvelopeCarriesTopicTypeTimeAndData() {
        try (Subscriber stream = node.listen("topic=wrapped/**&with=envelope")) {
            Instant before = Instant.now().minusMillis(1000);
            String id = node.publish("wrapped/1?event=paid", "say \"hi\"\nü\\");
            Received event = stream.next();
            assertThat(event.id()).isEqualTo(id);
            assertThat(event.lines())
                    .as("one line of JSON")
                    .filteredOn(line -> line.startsWith("data"))
                    .hasSize(1);
            assertThat(event.json())
                    .containsOnlyKeys("topic", "event", "time", "data")
                    .containsEntry("topic", "wrapped/1")
                    .containsEntry("event", "paid")
                    .containsEntry("data", "say \"hi\"\nü\\");
            assertThat(Instant.parse((String) event.json().get("time"))).isBetween(before, Instant.now());
        }
    }

    @Test
    void anEnvelopeReachesAPlainEventSource() {
        try (Subscriber stream = node.listen("topic=types/**&with=envelope")) {
            node.publish("types/1", "x");
            assertThat(stream.next().json()).containsEntry("event", "message");
        }
    }

    @Test
    void everyLineBreakBecomesADataLine() {
        try (Subscriber stream = node.listen("topic=lines")) {
            for (String data : List.of("a\nb", "a\r\nb", "a\rb", "a\n\nb", "\na", "a\n", "\n", "\r\r\n\n")) {
                node.publish("lines", data);
                assertThat(stream.next().data())
                        .isEqualTo(data.replace("\r\n", "\n").replace('\r', '\n'));
            }
        }
    }

    @Test
    void whatIsNotALineBreakOfTheStandardStaysInItsLine() {
        String data = "a\u2028b\u2029c\u0085d\u000be\ff \ufeffg\0h";
        try (Subscriber stream = node.listen("topic=breaks")) {
            node.publish("breaks", data);
            assertThat(stream.next().lines()).as("P3, P2").contains("data: " + data);
        }
    }

    @Test
    void aLeadingSpaceOfTheDataIsKept() {
        try (Subscriber stream = node.listen("topic=spaces")) {
            node.publish("spaces", "  two");
            assertThat(stream.next().lines()).as("P7").contains("data:   two");
        }
    }

    @Test
    void dataThatLooksLikeAFieldIsData() {
        try (Subscriber stream = node.listen("topic=inject")) {
            String id = node.publish("inject", "x\nid: 666\n\nevent: evil\ndata: y");
            assertThat(stream.next().lines())
                    .as("rule 3 of those that hold everywhere")
                    .containsExactly(
                            "data: x", "data: id: 666", "data: ", "data: event: evil", "data: data: y", "id: " + id);
        }
    }

    @Test
    void emptyDataIsAnEvent() {
        try (Subscriber stream = node.listen("topic=empty")) {
            node.publish("empty", "");
            Received event = stream.next();
            assertThat(event.values("data"))
                    .as("P8: one data line, or nothing is dispatched")
                    .containsExactly("");
        }
    }

    @Test
    void onlyTheTypesAskedForComeAndFanfareEventsAlways() {
        try (Subscriber stream = node.subscribe("/events?topic=filter&event=a&event=b")) {
            stream.lead();
            assertThat(stream.next().type()).isEqualTo("fanfare-open");
            node.publish("filter?event=a", "1");
            node.publish("filter?event=c", "2");
            node.publish("filter", "3");
            node.publish("filter?event=b", "4");
            assertThat(stream.data(2)).containsExactly("1", "4");
        }
    }

    @Test
    void theTypeMessageCanBeAskedFor() {
        try (Subscriber stream = node.listen("topic=messages&event=message")) {
            node.publish("messages?event=a", "1");
            node.publish("messages", "2");
            assertThat(stream.next().data()).isEqualTo("2");
        }
    }

    @Test
    void aStreamThatMatchesSeveralTopicsOfAnEventReceivesItOnce() {
        try (Subscriber stream = node.listen("topic=also/1&topic=also/*&topic=**")) {
            node.publish("also/1?also=also/2&also=other", "1");
            node.publish("also/1", "2");
            assertThat(stream.data(2)).containsExactly("1", "2");
        }
    }

    @Test
    void broadcastsReachEveryStreamWhateverItAskedFor() {
        try (Subscriber exact = node.listen("topic=some/1");
                Subscriber pattern = node.listen("topic=other/*&with=topic")) {
            String id = node.publish("@all", "all");
            assertThat(exact.next().lines()).containsExactly("data: all", "id: " + id);
            assertThat(pattern.next().topic()).isEqualTo("@all");
        }
    }

    @Test
    void broadcastsArePartOfResumeByIdButNotOfStartAndLast() {
        String id = node.publish("cast", "1");
        node.publish("@all", "all");
        node.publish("cast", "2");
        try (Subscriber resumed = node.listen("topic=cast", "Last-Event-ID: " + id)) {
            assertThat(resumed.data(2)).containsExactly("all", "2");
        }
        try (Subscriber fromStart = node.listen("topic=cast&from=start")) {
            assertThat(fromStart.data(2)).containsExactly("1", "2");
        }
        try (Subscriber newest = node.listen("topic=cast&from=-2")) {
            assertThat(newest.data(2)).containsExactly("1", "2");
        }
    }

    @Test
    void anIdleStreamHasAHeartbeatThatIsOneLine() {
        try (TestNode quick = TestNode.with(bounds -> bounds.heartbeat = Duration.ofSeconds(1));
                Subscriber stream = quick.listen("topic=idle")) {
            assertThat(stream.line()).as("fact 5").isEqualTo(":");
            assertThat(stream.line()).isEqualTo(":");
            quick.publish("idle", "x");
            assertThat(stream.next().data()).isEqualTo("x");
        }
    }

    @Test
    void heartbeatsComeAsOftenAsAskedForAndAsEventsIfAskedFor() {
        try (Subscriber comments = node.listen("topic=beat&heartbeat=5");
                Subscriber events = node.listen("topic=beat&heartbeat=event:5")) {
            long start = System.nanoTime();
            assertThat(comments.line()).isEqualTo(":");
            Received beat = events.next();
            assertThat(System.nanoTime() - start).as("nanoseconds").isBetween(4_000_000_000L, 7_500_000_000L);
            assertThat(beat.type()).isEqualTo("fanfare-heartbeat");
            assertThat(beat.values("data")).containsExactly("");
            assertThat(beat.id())
                    .as("the position up to which the stream was served")
                    .matches("\\d+-\\d+");
        }
    }

    @Test
    void theFormsOfOneEventAreTheSameToAllWhoAskForThem() {
        try (Subscriber one = node.listen("topic=forms&with=topic");
                Subscriber two = node.listen("topic=forms/**&with=topic");
                Subscriber plain = node.listen("topic=forms")) {
            node.publish("forms?event=t", "x");
            Received first = one.next();
            assertThat(two.next()).isEqualTo(first);
            assertThat(plain.next().lines()).doesNotContain("topic: forms").contains("data: x");
        }
    }
}
