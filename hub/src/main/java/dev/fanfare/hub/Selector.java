package dev.fanfare.hub;

import java.util.List;

/**
 * What a subscriber asks for: a topic, or a pattern. In a pattern {@code *} stands for exactly one segment, and a trailing
 * {@code /**} for the topic before it and all below; {@code **} alone is every topic. No pattern matches {@link Topic#ALL}.
 */
public final class Selector {

    private static final String ONE = "*";
    private static final String DEEP = "**";

    private final String text;
    private final List<String> segments;
    private final boolean deep;
    private final boolean pattern;

    private Selector(String text, List<String> segments, boolean deep) {
        this.text = text;
        this.segments = segments;
        this.deep = deep;
        this.pattern = deep || segments.contains(ONE);
    }

    /**
     * The selector of this text.
     *
     * @throws IllegalArgumentException if it is none; the message says why
     */
    public static Selector of(String text) {
        if (text.startsWith("@")) {
            return new Selector(Topic.of(text).name(), List.of(text), false);
        }
        Topic.check(text, "selector");
        List<String> all = Topic.segments(text);
        int last = all.size() - 1;
        for (int i = 0; i <= last; i++) {
            String segment = all.get(i);
            boolean known = segment.equals(ONE) || i == last && segment.equals(DEEP);
            if (!known && segment.indexOf('*') >= 0) {
                throw new IllegalArgumentException("selector '" + text
                        + "': * stands for a whole segment, and ** only at the end (orders/*, orders/**)");
            }
        }
        boolean deep = all.get(last).equals(DEEP);
        return new Selector(text, deep ? all.subList(0, last) : all, deep);
    }

    /** Whether it stands for more than one topic. */
    public boolean isPattern() {
        return pattern;
    }

    /** Whether events of this topic are asked for. */
    public boolean matches(Topic topic) {
        if (!pattern) {
            return text.equals(topic.name());
        }
        List<String> other = topic.segments();
        if (topic == Topic.ALL || (deep ? other.size() < segments.size() : other.size() != segments.size())) {
            return false;
        }
        return allMatch(other);
    }

    /** Whether it matches every topic that the other one matches. */
    public boolean covers(Selector other) {
        if (!pattern || other.text.equals(Topic.ALL.name())) {
            return text.equals(other.text);
        }
        List<String> theirs = other.segments.isEmpty() ? List.of(ONE) : other.segments;
        boolean longEnough = deep ? theirs.size() >= segments.size() : !other.deep && theirs.size() == segments.size();
        return longEnough && allMatch(theirs);
    }

    /** Whether these begin as the pattern's own segments say. */
    private boolean allMatch(List<String> other) {
        for (int i = 0; i < segments.size(); i++) {
            String segment = segments.get(i);
            if (!segment.equals(ONE) && !segment.equals(other.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** The pattern's segments, without a trailing {@code **}. */
    List<String> segments() {
        return segments;
    }

    /** Whether it ends in {@code **}. */
    boolean isDeep() {
        return deep;
    }

    /** The beginning that every matching topic's name has: all up to the first {@code *}, without the slash before it. */
    String prefix() {
        int star = pattern ? text.indexOf('*') : text.length();
        return star == 0 ? "" : text.substring(0, pattern ? star - 1 : star);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Selector selector && selector.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }
}
