package dev.fanfare.hub;

import java.util.List;
import java.util.Set;

/**
 * What a cursor reads: the events that one of the selectors matches and, when types are named, that are of one of these types.
 * {@link Topic#ALL} belongs to every selection as far as reading on from a position goes.
 *
 * @param selectors at least one, without repetition
 * @param types event types; empty for all
 */
public record Selection(List<Selector> selectors, Set<String> types) {

    /** Takes copies; repeated selectors count once. */
    public Selection {
        selectors = selectors.stream().distinct().toList();
        types = Set.copyOf(types);
        if (selectors.isEmpty()) {
            throw new IllegalArgumentException("no selector (expected: at least one)");
        }
    }

    /** All events of these selectors. */
    public static Selection of(String... selectors) {
        return new Selection(List.of(selectors).stream().map(Selector::of).toList(), Set.of());
    }

    /** Whether nothing more comes of it once its topics have ended: of a pattern's topics there may always be another. */
    public boolean canEnd() {
        for (int i = 0; i < selectors.size(); i++) {
            if (selectors.get(i).isPattern()) {
                return false;
            }
        }
        return true;
    }

    /** Whether events of this type are wanted. */
    public boolean wants(String type) {
        return types.isEmpty() || types.contains(type);
    }

    /** Whether a selector matches this topic. */
    public boolean matches(Topic topic) {
        for (int i = 0; i < selectors.size(); i++) {
            if (selectors.get(i).matches(topic)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a publication is read: by topic (or {@link Topic#ALL}) and by type. */
    public boolean reads(Publication publication) {
        if (!wants(publication.event().type())) {
            return false;
        }
        List<Topic> topics = publication.topics();
        for (int i = 0; i < topics.size(); i++) {
            if (topics.get(i) == Topic.ALL || matches(topics.get(i))) {
                return true;
            }
        }
        return false;
    }
}
