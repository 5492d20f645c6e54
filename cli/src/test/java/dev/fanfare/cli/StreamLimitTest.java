package dev.fanfare.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StreamLimitTest {

    @Test
    void isTheSmallerOfWhatDescriptorsAndMemoryAllow() {
        assertThat(StreamLimit.of(20_256, 8L << 30)).isEqualTo(18_000);
        assertThat(StreamLimit.of(Integer.MAX_VALUE, 1L << 30)).isEqualTo(65_536);
        assertThat(StreamLimit.of(100, 1L << 30)).as("never none").isEqualTo(16);
        assertThat(StreamLimit.ofThisMachine()).isPositive();
    }
}
