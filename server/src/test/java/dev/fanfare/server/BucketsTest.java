package dev.fanfare.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class BucketsTest {

    @Test
    void moreThanThereIsMayBeTakenAndIsOwed() {
        Buckets buckets = new Buckets(100);
        assertThat(buckets.take("a", 100)).as("a second's worth").isZero();
        assertThat(buckets.take("a", 50)).isBetween(1L, TimeUnit.MILLISECONDS.toNanos(500));
        assertThat(buckets.tryTake("a", 1)).isPositive();
        assertThat(buckets.tryTake("b", 1)).as("another client").isZero();
    }

    @Test
    void whatIsRefusedIsNotOwed() {
        Buckets buckets = new Buckets(100);
        buckets.take("a", 200);
        long first = buckets.tryTake("a", 1_000);
        assertThat(buckets.tryTake("a", 1_000)).isBetween(1L, first);
    }

    @Test
    void fullBucketsAreForgotten() {
        Buckets buckets = new Buckets(1_000);
        for (int i = 0; i < 50; i++) {
            buckets.take("client " + i, 100);
        }
        assertThat(buckets.size()).isEqualTo(50);
        Awaitility.await().until(() -> {
            buckets.sweep();
            return buckets.size() == 0;
        });
    }

    @Test
    void clientsBeyondTheMostShareOneBucket() {
        Buckets buckets = new Buckets(1);
        for (int i = 0; i < Buckets.MOST + 1_000; i++) {
            buckets.take("client " + i, 1);
        }
        assertThat(buckets.size()).isLessThanOrEqualTo(Buckets.MOST + 1);
        assertThat(buckets.tryTake("one more", 1)).isPositive();
    }

    @Test
    void whatWasTakenInAdvanceCanBeGivenBack() {
        Buckets buckets = new Buckets(10);
        buckets.take("a", 10);
        buckets.giveBack("a", 10);
        assertThat(buckets.tryTake("a", 1)).isZero();
    }
}
