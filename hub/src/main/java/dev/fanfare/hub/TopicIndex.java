package dev.fanfare.hub;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One loop's audiences by what they select: exact topics by hash, patterns by segment. Looking a topic up costs its segments,
 * however many other topics and patterns there are.
 */
final class TopicIndex {

    private final Map<Selection, Audience> audiences = new HashMap<>();
    private final Map<String, List<Audience>> exact = new HashMap<>();
    private final Node patterns = new Node();

    /** Where patterns with the same beginning part. */
    private static final class Node {
        final Map<String, Node> next = new HashMap<>();
        final List<Audience> here = new ArrayList<>(0);
        final List<Audience> below = new ArrayList<>(0);

        boolean isEmpty() {
            return next.isEmpty() && here.isEmpty() && below.isEmpty();
        }
    }

    /** The audience of a selection; it stays until the last cursor is released. */
    Audience acquire(Selection selection) {
        Audience audience = audiences.get(selection);
        if (audience == null) {
            audience = new Audience(selection);
            audiences.put(selection, audience);
            for (Selector selector : selection.selectors()) {
                add(selector, audience);
            }
        }
        audience.cursors++;
        return audience;
    }

    void release(Audience audience) {
        if (--audience.cursors == 0) {
            audiences.remove(audience.selection);
            for (Selector selector : audience.selection.selectors()) {
                remove(selector, audience);
            }
        }
    }

    Collection<Audience> audiences() {
        return audiences.values();
    }

    /** Whether nothing is left of any audience. */
    boolean isEmpty() {
        return audiences.isEmpty() && exact.isEmpty() && patterns.isEmpty();
    }

    private void add(Selector selector, Audience audience) {
        if (!selector.isPattern()) {
            exact.computeIfAbsent(selector.toString(), name -> new ArrayList<>(1))
                    .add(audience);
            return;
        }
        Node node = patterns;
        for (String segment : selector.segments()) {
            node = node.next.computeIfAbsent(segment, name -> new Node());
        }
        (selector.isDeep() ? node.below : node.here).add(audience);
    }

    private void remove(Selector selector, Audience audience) {
        if (!selector.isPattern()) {
            exact.computeIfPresent(selector.toString(), (name, all) -> {
                all.remove(audience);
                return all.isEmpty() ? null : all;
            });
            return;
        }
        remove(patterns, selector, 0, audience);
    }

    private static void remove(Node node, Selector selector, int depth, Audience audience) {
        if (depth == selector.segments().size()) {
            (selector.isDeep() ? node.below : node.here).remove(audience);
            return;
        }
        String segment = selector.segments().get(depth);
        Node next = node.next.get(segment);
        if (next != null) {
            remove(next, selector, depth + 1, audience);
            if (next.isEmpty()) {
                node.next.remove(segment);
            }
        }
    }

    /** Calls {@code each} with every audience that selects a topic, more than once with one that selects it twice. */
    void match(Topic topic, Consumer<Audience> each) {
        if (topic == Topic.ALL) {
            audiences.values().forEach(each);
            return;
        }
        call(exact.get(topic.name()), each);
        if (!patterns.isEmpty()) {
            match(patterns, topic.segments(), 0, each);
        }
    }

    private static void match(Node node, List<String> segments, int depth, Consumer<Audience> each) {
        call(node.below, each);
        if (depth == segments.size()) {
            call(node.here, each);
            return;
        }
        Node literal = node.next.get(segments.get(depth));
        if (literal != null) {
            match(literal, segments, depth + 1, each);
        }
        Node star = node.next.get("*");
        if (star != null) {
            match(star, segments, depth + 1, each);
        }
    }

    private static void call(@Nullable List<Audience> audiences, Consumer<Audience> each) {
        if (audiences != null) {
            for (int i = 0; i < audiences.size(); i++) {
                each.accept(audiences.get(i));
            }
        }
    }
}
