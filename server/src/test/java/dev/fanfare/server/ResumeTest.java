package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP.md, Subscribe: where a stream starts. */
@Tag("transport")
class ResumeTest {

    private static TestNode node;

    @BeforeAll
    static void start() {
        node = TestNode.start();
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static List<String> publish(String topic, String... data) {
        List<String> ids = new ArrayList<>();
        for (String one : data) {
            ids.add(node.publish(topic, one));
        }
        return ids;
    }

    @Test
    void resumesAfterTheLastEventIdWithoutLossOrDuplicates() {
        List<String> ids = publish("seam", "1", "2", "3");
        try (Subscriber stream = node.listen("topic=seam", "Last-Event-ID: " + ids.get(0))) {
            node.publish("seam", "4");
            List<Received> events = stream.next(3);
            assertThat(events).extracting(Received::data).containsExactly("2", "3", "4");
            assertThat(events.get(0).id()).isEqualTo(ids.get(1));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lastEventId",
                "last-event-id",
                "last_event_id",
                "lastEventID",
                "Last-Event-ID",
                "evs_last_event_id"
            })
    void everySpellingOfTheLastEventIdIsRead(String parameter) {
        List<String> ids = publish("spell", "1", "2");
        try (Subscriber stream = node.listen("topic=spell&from=now&" + parameter + "=" + ids.get(0))) {
            assertThat(stream.next().data()).as("H10; and it wins over from").isEqualTo("2");
        }
    }

    @Test
    void theHeaderWinsOverTheParameterAndBothOverFrom() {
        List<String> ids = publish("wins", "1", "2", "3");
        String query = "topic=wins&from=start&lastEventId=" + ids.get(0);
        try (Subscriber stream = node.listen(query, "Last-Event-ID: " + ids.get(1))) {
            assertThat(stream.next().data()).isEqualTo("3");
        }
        try (Subscriber stream = node.listen(query)) {
            assertThat(stream.next().data()).isEqualTo("2");
        }
    }

    @Test
    void anEmptyLastEventIdIsNone() {
        publish("none", "1");
        try (Subscriber stream = node.subscribe("/events?topic=none&from=start&lastEventId=", "Last-Event-ID: ")) {
            stream.lead();
            assertThat(stream.next().type()).as("C9").isEqualTo("fanfare-open");
            assertThat(stream.next().data()).isEqualTo("1");
        }
    }

    @Test
    void fromNowIsTheDefaultAndBringsNothingOld() {
        publish("now", "old");
        try (Subscriber asked = node.listen("topic=now&from=now");
                Subscriber unasked = node.listen("topic=now")) {
            publish("now", "new");
            assertThat(asked.next().data()).isEqualTo("new");
            assertThat(unasked.next().data()).isEqualTo("new");
        }
    }

    @Test
    void fromStartBringsAllAndGoesOnLive() {
        publish("begin/1", "1");
        publish("begin/2", "2");
        try (Subscriber stream = node.listen("topic=begin/*&from=start")) {
            publish("begin/1", "3");
            assertThat(stream.data(3)).containsExactly("1", "2", "3");
        }
    }

    @Test
    void fromLastBringsTheNewestOfEachTopic() {
        publish("latest/1", "1a", "1b");
        publish("latest/2", "2a");
        publish("latest/1", "1c");
        try (Subscriber stream = node.listen("topic=latest/*&from=last")) {
            publish("latest/2", "live");
            assertThat(stream.data(3)).containsExactly("2a", "1c", "live");
        }
    }

    @Test
    void fromMinusNBringsTheNewestOverAllSelectorsTogether() {
        publish("newest/1", "1");
        publish("newest/2", "2");
        publish("newest/1", "3");
        try (Subscriber stream = node.listen("topic=newest/1&topic=newest/2&from=-2")) {
            publish("newest/2", "live");
            assertThat(stream.data(3)).containsExactly("2", "3", "live");
        }
    }

    @Test
    void theEventFilterAppliesBeforeLastAndMinusNCount() {
        publish("typed/1?event=a", "a1");
        publish("typed/1?event=b", "b1");
        publish("typed/2?event=b", "b2");
        publish("typed/1?event=a", "a2");
        publish("typed/1?event=b", "b3");
        try (Subscriber stream = node.listen("topic=typed/**&event=a&from=last")) {
            assertThat(stream.next().data()).isEqualTo("a2");
        }
        try (Subscriber stream = node.listen("topic=typed/**&event=a&from=-2")) {
            assertThat(stream.data(2)).containsExactly("a1", "a2");
        }
    }

    @Test
    void fromAPositionBringsWhatCameAfterIt() {
        List<String> ids = publish("place", "1", "2", "3");
        try (Subscriber stream = node.listen("topic=place&from=" + ids.get(1))) {
            assertThat(stream.next().data()).isEqualTo("3");
        }
    }

    @Test
    void fromATimeBringsWhatCameAtOrAfterIt() {
        publish("time", "1");
        String second = String.valueOf(
                node.page("topic=time&from=start").objects("events").get(0).get("time"));
        try (Subscriber stream = node.listen("topic=time&from=" + TestNode.encode(second))) {
            assertThat(stream.next().data()).as("the event at that time itself").isEqualTo("1");
        }
    }

    @Test
    void fromAnAgeBringsWhatIsNotOlder() {
        publish("age", "1", "2");
        try (TestNode young = TestNode.start()) {
            young.publish("age", "1");
            try (Subscriber stream = young.listen("topic=age&from=10m")) {
                assertThat(stream.next().type())
                        .as("older than the log: nothing is known of what was before it")
                        .isEqualTo("fanfare-gap");
                assertThat(stream.next().data()).isEqualTo("1");
            }
        }
    }

    @Test
    void anIdOfThePublishersOwnResumesAfterItsFirstEvent() {
        publish("own?id=twice", "1");
        publish("own", "2");
        publish("own?id=twice", "3");
        try (Subscriber stream = node.listen("topic=own", "Last-Event-ID: twice")) {
            assertThat(stream.data(2)).containsExactly("2", "3");
        }
    }

    @Test
    void anIdOfThePublishersOwnIsLookedUpAmongTheSelectorsOfTheStream() {
        publish("mine?id=same", "mine 1");
        publish("yours", "yours 1");
        publish("yours?id=same", "yours 2");
        publish("mine", "mine 2");
        publish("yours", "yours 3");
        try (Subscriber stream = node.listen("topic=yours", "Last-Event-ID: same")) {
            assertThat(stream.next().data()).isEqualTo("yours 3");
        }
        try (Subscriber stream = node.listen("topic=mine", "Last-Event-ID: same")) {
            assertThat(stream.next().data()).isEqualTo("mine 2");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a b", "über", "<x>", "\"", "0", "-1", "1-", "99999999999999999999-1", "%", "1763683200000-7 "})
    void noLastEventIdIsEverRefused(String id) {
        try (Subscriber stream = node.subscribe("/events?topic=odd", "Last-Event-ID: " + id)) {
            assertThat(stream.lead())
                    .as("fact 1: only 200 keeps a browser alive")
                    .isEqualTo(3000);
        }
    }

    @Test
    void aDeletionLeavesOpenStreamsAliveAndNothingToRead() {
        publish("wiped", "1");
        try (Subscriber stream = node.listen("topic=wiped")) {
            node.ask("DELETE", "/topics/wiped");
            publish("wiped", "2");
            assertThat(stream.next().data()).isEqualTo("2");
            try (Subscriber fromStart = node.listen("topic=wiped&from=start")) {
                assertThat(fromStart.next().data()).isEqualTo("2");
            }
        }
    }

    @Test
    void aQuietStreamIsMovedOnBeforeItsPlaceExpires() {
        try (TestNode young = TestNode.with(bounds -> bounds.age = Duration.ofSeconds(4));
                Subscriber stream = young.subscribe("/events?topic=quiet&heartbeat=5")) {
            stream.lead();
            assertThat(stream.next().type()).isEqualTo("fanfare-open");
            young.publish("another", "x");
            Received beat = stream.next();
            assertThat(beat.type()).as("a quarter of retention.age has passed").isEqualTo("fanfare-heartbeat");
            assertThat(beat.id()).matches("\\d+-\\d+");
        }
    }

    @Test
    void aStreamWhoseFilterMatchesLittleIsMovedOnAfterTenThousandEvents() {
        String others = (Wire.request("POST", "/topics/others", "Content-Length: 1") + "x").repeat(200);
        try (Subscriber stream = node.subscribe("/events?topic=rare");
                Wire publisher = node.connect()) {
            stream.lead();
            String opened = stream.next().id();
            for (int i = 0; i < 60; i++) {
                publisher.send(others);
                for (int j = 0; j < 200; j++) {
                    publisher.answer().has(201);
                }
            }
            Received beat = stream.next();
            assertThat(beat.type()).isEqualTo("fanfare-heartbeat");
            assertThat(beat.id()).isNotEqualTo(opened);
            node.publish("rare", "x");
            assertThat(stream.next().data()).isEqualTo("x");
        }
    }
}
