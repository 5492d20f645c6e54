package dev.fanfare.auth;

import dev.fanfare.hub.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Rights as tokens and settings write them: {@code {"subscribe":[...],"publish":[...],"admin":false}}, each left out for none. */
final class RightsFields {

    private RightsFields() {}

    /**
     * The rights that these members give.
     *
     * @param user for whom {@code @me} is resolved
     * @throws IllegalArgumentException that names the member that is not as it should be, and shows nothing of it
     */
    static Rights read(Map<?, ?> members, @Nullable String user) {
        Object admin = members.containsKey("admin") ? members.get("admin") : Boolean.FALSE;
        if (!(admin instanceof Boolean isAdmin)) {
            throw new IllegalArgumentException("admin is neither true nor false");
        }
        return new Rights(selectors(members, "subscribe", user), selectors(members, "publish", user), isAdmin);
    }

    private static List<Selector> selectors(Map<?, ?> members, String name, @Nullable String user) {
        Object value = members.containsKey(name) ? members.get(name) : List.of();
        if (!(value instanceof List<?> texts)) {
            throw new IllegalArgumentException(name + " is not a list");
        }
        List<Selector> selectors = new ArrayList<>();
        for (Object text : texts) {
            if (!(text instanceof String selector)) {
                throw new IllegalArgumentException(name + " holds something that is not text");
            }
            selectors.add(selector(selector, name, user));
        }
        return selectors;
    }

    private static Selector selector(String text, String name, @Nullable String user) {
        try {
            return Selector.of(UserTopics.resolve(text, user));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    text.startsWith("@me") && user == null
                            ? name + " holds @me, and there is no user"
                            : name
                                    + " holds something that is no selector (expected: like orders/42, orders/* or orders/**)");
        }
    }
}
