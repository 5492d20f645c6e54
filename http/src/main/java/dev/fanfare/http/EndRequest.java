package dev.fanfare.http;

import static dev.fanfare.http.SubscribeRequest.valid;

import dev.fanfare.auth.Caller;
import dev.fanfare.hub.Topic;
import dev.fanfare.hub.TopicEnded;
import org.jspecify.annotations.Nullable;

/** What a publisher's request says of its topic's end: {@code ?end} or {@code ?cancel}. */
public final class EndRequest {

    private EndRequest() {}

    /**
     * The end a request asks for; null for none.
     *
     * @param caller who asks
     * @param pathTopic the topic in the path, decoded
     * @param hasBody whether the request brings data
     * @throws Problem 400 that says what is wrong, 401 or 403 if the caller may not
     */
    public static @Nullable TopicEnded of(Caller caller, String pathTopic, Query query, boolean hasBody) {
        boolean end = flag(query, "end");
        boolean cancel = flag(query, "cancel");
        if (!end && !cancel) {
            return null;
        }
        query.refuseTypos(PublishRequest.KNOWN);
        if (end && cancel) {
            throw Problem.badRequest("end and cancel: one request ends a topic in one way; leave one of them out");
        }
        if (cancel && hasBody) {
            throw Problem.badRequest("cancel: nothing is published with it; send no body, or ?end to publish and end");
        }
        Topic topic = EventFields.topic(caller, pathTopic);
        return valid(() -> new TopicEnded(topic, cancel ? TopicEnded.Reason.CANCELLED : TopicEnded.Reason.DONE));
    }

    /** A parameter that is there or not; {@code end=false} might mean what it says. */
    static boolean flag(Query query, String name) {
        String value = query.first(name);
        if (value != null && !value.isEmpty() && !value.equals("true")) {
            throw Problem.badRequest(name + "=" + value + " (expected: ?" + name + " alone, or leave it out)");
        }
        return value != null;
    }
}
