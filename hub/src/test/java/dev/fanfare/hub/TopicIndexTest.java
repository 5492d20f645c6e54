package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class TopicIndexTest {

    @Property(tries = 500)
    void findsTheAudiencesWhoseSelectionMatches(@ForAll long seed) {
        Random random = new Random(seed);
        TopicIndex index = new TopicIndex();
        List<Audience> held = new ArrayList<>();
        for (int step = 0; step < 60; step++) {
            if (held.isEmpty() || random.nextInt(3) > 0) {
                held.add(index.acquire(selection(random)));
            } else {
                index.release(held.remove(random.nextInt(held.size())));
            }
            Topic topic = random.nextInt(20) == 0 ? Topic.ALL : Topic.of(TestNames.topic(random));
            Set<Selection> found = new HashSet<>();
            index.match(topic, audience -> found.add(audience.selection));
            assertThat(found)
                    .as("of %s", topic)
                    .isEqualTo(held.stream()
                            .map(audience -> audience.selection)
                            .filter(selection -> topic == Topic.ALL || selection.matches(topic))
                            .collect(Collectors.toSet()));
        }
        held.forEach(index::release);
        assertThat(index.isEmpty()).isTrue();
    }

    @Test
    void cursorsThatWantTheSameShareAnAudience() {
        TopicIndex index = new TopicIndex();
        Audience one = index.acquire(Selection.of("a", "b/*"));
        assertThat(index.acquire(Selection.of("a", "b/*"))).isSameAs(one);
        assertThat(index.acquire(Selection.of("a"))).isNotSameAs(one);

        index.release(one);
        List<Audience> found = new ArrayList<>();
        index.match(Topic.of("b/1"), found::add);
        assertThat(found).containsExactly(one);
        index.release(one);
        index.match(Topic.of("b/2"), found::add);
        assertThat(found).hasSize(1);
    }

    private static Selection selection(Random random) {
        List<Selector> selectors = new ArrayList<>();
        for (int n = random.nextInt(3); n >= 0; n--) {
            selectors.add(Selector.of(TestNames.selector(random)));
        }
        return new Selection(selectors, random.nextInt(4) == 0 ? Set.of("red") : Set.of());
    }
}
