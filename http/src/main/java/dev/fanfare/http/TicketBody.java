package dev.fanfare.http;

import dev.fanfare.auth.Ticket;
import dev.fanfare.auth.TicketRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** The documents of {@code POST /tickets}. */
public final class TicketBody {

    private static final JsonFactory FACTORY = new JsonFactory();
    private static final Set<String> KNOWN = Set.of("sub", "subscribe", "ttl");
    private static final String EXAMPLE = "{\"sub\":\"alice\",\"subscribe\":[\"orders/*\"],\"ttl\":\"1h\"}";

    private TicketBody() {}

    /**
     * What a backend asks a ticket for; null if the document is empty.
     *
     * @throws Problem 400 that says what is wrong
     */
    public static @Nullable TicketRequest read(byte[] body) {
        if (body.length == 0) {
            return null;
        }
        String sub = null;
        List<String> subscribe = null;
        Duration ttl = null;
        try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), body, 0, body.length)) {
            require(json.nextToken() == JsonToken.START_OBJECT);
            for (String name = json.nextName(); name != null; name = json.nextName()) {
                json.nextToken();
                switch (name) {
                    case "sub" -> sub = string(json);
                    case "subscribe" -> subscribe = strings(json);
                    case "ttl" -> ttl = ttl(json);
                    default -> {
                        Query.refuseTypo("field", name, KNOWN);
                        json.skipChildren();
                    }
                }
            }
            require(json.nextToken() == null);
        } catch (JacksonException e) {
            throw Problem.badRequest("not JSON; expected an object such as " + EXAMPLE);
        }
        if (sub == null && subscribe == null && ttl == null) {
            return null;
        }
        String user = sub;
        List<String> selectors = subscribe;
        Duration time = ttl;
        return SubscribeRequest.valid(() -> TicketRequest.of(user, selectors, time));
    }

    /** A ticket as its asker gets it. */
    public static byte[] of(Ticket ticket) {
        return Json.bytes(json -> {
            json.writeStringProperty("ticket", ticket.text());
            json.writeStringProperty(
                    "expires", Instant.ofEpochMilli(ticket.expires()).toString());
        });
    }

    private static void require(boolean fits) {
        if (!fits) {
            throw Problem.badRequest("expected an object such as " + EXAMPLE);
        }
    }

    private static String string(JsonParser json) {
        require(json.currentToken() == JsonToken.VALUE_STRING);
        return json.getString();
    }

    private static List<String> strings(JsonParser json) {
        require(json.currentToken() == JsonToken.START_ARRAY);
        List<String> all = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            all.add(string(json));
        }
        return all;
    }

    /** Seconds as a number, or a time such as {@code 30m}. */
    private static Duration ttl(JsonParser json) {
        if (json.currentToken() == JsonToken.VALUE_NUMBER_INT && json.getStringLength() <= 9) {
            return Duration.ofSeconds(json.getIntValue());
        }
        require(json.currentToken() == JsonToken.VALUE_STRING);
        Duration time = SubscribeRequest.age(json.getString());
        if (time == null) {
            throw Problem.badRequest("ttl: expected seconds, or a time such as 30m or 1h");
        }
        return time;
    }
}
