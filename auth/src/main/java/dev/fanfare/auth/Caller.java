package dev.fanfare.auth;

import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Topic;
import org.jspecify.annotations.Nullable;

/**
 * Who asks, and what he may.
 *
 * @param kind by which kind of credential he is known
 * @param user the {@code sub} that the credential names, or null
 * @param rights what the credential gives, without the user's own topics
 * @param until when these end, in ms since 1970; {@link Long#MAX_VALUE} for never
 * @param issued when the credential was made, in ms since 1970; 0 when it does not say, which is before any revocation
 * @param name stands for him where callers are counted or limited, the same for all requests with this credential; never a secret
 */
public record Caller(Kind kind, @Nullable String user, Rights rights, long until, long issued, String name) {

    /** What the node is open to: anyone, with all rights. */
    public static final Caller OPEN = new Caller(Kind.OPEN, null, Rights.ALL, Long.MAX_VALUE, 0, "open");

    /** Nobody in particular, who may do nothing. */
    public static final Caller NOBODY = new Caller(Kind.ANONYMOUS, null, Rights.NONE, Long.MAX_VALUE, 0, "nobody");

    /** Kinds of credentials. */
    public enum Kind {
        /** None, on a node that asks for none. */
        OPEN,
        /** None, on a node that asks for one. */
        ANONYMOUS,
        /** A token, in the header or the cookie. */
        JWT,
        /** A key of the node's settings. */
        API_KEY,
        /** A ticket that was made for one of the others. */
        TICKET
    }

    /**
     * The topic of this text, {@code @me} resolved.
     *
     * @throws IllegalArgumentException if it is none; the message says why
     */
    public Topic topic(String text) {
        return Topic.of(resolve(text));
    }

    /**
     * The selector of this text, {@code @me} resolved.
     *
     * @throws IllegalArgumentException if it is none; the message says why
     */
    public Selector selector(String text) {
        return Selector.of(resolve(text));
    }

    private String resolve(String text) {
        if (kind == Kind.ANONYMOUS && UserTopics.isOwn(text)) {
            throw AuthRefused.missing("'" + text + "', of a user's own topics,");
        }
        return UserTopics.resolve(text, user);
    }

    /** Whether he may read all topics of this selector: those granted, and his own. */
    public boolean maySubscribe(Selector selector) {
        return rights.maySubscribe(selector)
                || user != null && (UserTopics.all(user).covers(selector) || selector.matches(Topic.ALL));
    }

    /** Whether he may publish to this topic. */
    public boolean mayPublish(Topic topic) {
        return rights.mayPublish(topic);
    }

    /**
     * Lets him read, or not.
     *
     * @throws AuthRefused if he may not
     */
    public void checkSubscribe(Selector selector) {
        if (!maySubscribe(selector)) {
            throw refused("subscribing to '" + selector + "'", "fanfare.subscribe");
        }
    }

    /**
     * Lets him publish, or not.
     *
     * @throws AuthRefused if he may not
     */
    public void checkPublish(Topic topic) {
        if (!mayPublish(topic)) {
            throw refused("publishing to '" + topic + "'", "fanfare.publish");
        }
    }

    /**
     * Lets him say what he wants to publish, or not: for whoever has to decide before that has come.
     *
     * @throws AuthRefused if there is no topic to which he may
     */
    public void checkPublishes() {
        if (rights.publish().isEmpty()) {
            throw refused("publishing", "fanfare.publish");
        }
    }

    /**
     * Lets him look into the node and take things away, or not.
     *
     * @throws AuthRefused if he may not
     */
    public void checkAdmin() {
        if (!rights.admin()) {
            throw refused("this", "fanfare.admin");
        }
    }

    private AuthRefused refused(String what, String right) {
        return kind == Kind.ANONYMOUS
                ? AuthRefused.missing(what)
                : AuthRefused.forbidden(what + " is not granted to this credential (its rights: " + right + ")");
    }
}
