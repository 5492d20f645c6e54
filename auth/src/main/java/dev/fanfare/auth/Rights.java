package dev.fanfare.auth;

import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Topic;
import java.util.List;

/**
 * What may be done: a selector is allowed when one granted selector covers it. {@link Topic#ALL} is in no pattern: to publish to it
 * takes a grant by that name.
 *
 * @param subscribe what may be read
 * @param publish what may be published to
 * @param admin whether the node may be looked into, and topics and streams taken away
 */
public record Rights(List<Selector> subscribe, List<Selector> publish, boolean admin) {

    /** Nothing at all. */
    public static final Rights NONE = new Rights(List.of(), List.of(), false);

    /** Everything: those of all who call an open node. */
    public static final Rights ALL =
            new Rights(List.of(Selector.of("**")), List.of(Selector.of("**"), Selector.of(Topic.ALL.name())), true);

    /** Takes copies. */
    public Rights {
        subscribe = List.copyOf(subscribe);
        publish = List.copyOf(publish);
    }

    /** Whether all of this selector's topics may be read. Every stream receives {@link Topic#ALL}, so any grant gives that. */
    public boolean maySubscribe(Selector selector) {
        return subscribe.stream().anyMatch(granted -> granted.covers(selector))
                || !subscribe.isEmpty() && selector.matches(Topic.ALL);
    }

    /** Whether this topic may be published to. */
    public boolean mayPublish(Topic topic) {
        return publish.stream().anyMatch(granted -> granted.matches(topic));
    }
}
