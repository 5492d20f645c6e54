package dev.fanfare.hub;

import java.util.Random;

/** Random topics and selectors of few names, so that they often meet. */
final class TestNames {
    private static final String[] SEGMENTS = {"a", "b", "c"};

    private TestNames() {}

    static String topic(Random random) {
        StringBuilder name = new StringBuilder(segment(random));
        for (int n = random.nextInt(3); n > 0; n--) {
            name.append('/').append(segment(random));
        }
        return name.toString();
    }

    static String selector(Random random) {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(3); n >= 0; n--) {
            text.append(random.nextInt(3) == 0 ? "*" : segment(random)).append('/');
        }
        if (random.nextInt(3) == 0) {
            return random.nextInt(4) == 0 ? "**" : text + "**";
        }
        return text.substring(0, text.length() - 1);
    }

    private static String segment(Random random) {
        return SEGMENTS[random.nextInt(SEGMENTS.length)];
    }
}
