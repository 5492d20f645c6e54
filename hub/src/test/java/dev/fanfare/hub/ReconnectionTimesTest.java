package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReconnectionTimesTest {

    private static final int TOLD = 10_000;

    private final ReconnectionTimes times = new ReconnectionTimes(3_000, 60_000);

    @Test
    void atNoLoadAStreamIsToldExactlyWhatItAskedFor() {
        assertThat(IntStream.range(0, 100).mapToLong(i -> times.toTell(3_000))).containsOnly(3_000L);
        assertThat(times.toTell(500)).isEqualTo(500);
    }

    @Test
    void underFullLoadTheTimesLieEvenlyBetweenTheLeastAndTheMost() {
        times.load(1);
        int[] tenths = new int[10];
        for (int i = 0; i < TOLD; i++) {
            long told = times.toTell(3_000);
            assertThat(told).isBetween(3_000L, 60_000L);
            tenths[(int) Math.min(9, (told - 3_000) * 10 / 57_000)]++;
        }
        assertThat(tenths).as("how many in each tenth").doesNotContain(0);
        assertThat(IntStream.of(tenths).max().orElse(0)).isLessThan(TOLD / 10 * 13 / 10);
    }

    @Test
    void theLongestGrowsByTheSameFactorForTheSameStepAndShrinksAgain() {
        times.load(0.5);
        assertThat(times.longest()).isBetween(13_400L, 13_430L);
        times.load(2);
        assertThat(times.longest()).isEqualTo(60_000);
        times.load(-1);
        assertThat(times.longest()).isEqualTo(3_000);
    }

    @Test
    void aStreamThatAskedForMoreThanTheLongestIsToldThat() {
        times.load(0.1);
        assertThat(times.toTell(30_000)).isEqualTo(30_000);
    }

    @Test
    void onlyTwiceOrHalfTheTimeIsWorthALine() {
        assertThat(times.hasMovedFrom(3_000)).isFalse();
        times.load(0.2);
        assertThat(times.hasMovedFrom(3_000)).as("%s ms now", times.longest()).isFalse();
        times.load(0.25);
        assertThat(times.hasMovedFrom(3_000)).as("%s ms now", times.longest()).isTrue();
        assertThat(times.hasMovedFrom(60_000)).isTrue();
    }

    @Test
    void endsAreJitteredAtNoLoadToo() {
        assertThat(IntStream.range(0, 100)
                        .mapToLong(i -> times.atEnd())
                        .distinct()
                        .count())
                .isGreaterThan(80);
        assertThat(IntStream.range(0, 100).mapToLong(i -> times.atEnd()))
                .allMatch(time -> time >= 3_000 && time <= 6_000);
    }
}
