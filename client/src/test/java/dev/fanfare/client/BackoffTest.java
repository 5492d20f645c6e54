package dev.fanfare.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackoffTest {

    private final Backoff backoff = new Backoff(Duration.ofSeconds(3), Duration.ofSeconds(20), () -> 0);

    private long next() {
        return backoff.next(Duration.ZERO).toSeconds();
    }

    @Test
    void doublesUpToItsMaximumAndStartsAnewWhenReset() {
        assertThat(List.of(next(), next(), next(), next(), next())).containsExactly(3L, 6L, 12L, 20L, 20L);
        backoff.reset();
        assertThat(next()).isEqualTo(3);
    }

    @Test
    void neverOverflows() {
        backoff.base(Duration.ofMillis(Long.MAX_VALUE));
        for (int i = 0; i < 100; i++) {
            assertThat(next()).isEqualTo(3600);
        }
    }

    @Test
    void waitsAsLongAsAskedButNoLongerThanAnHour() {
        assertThat(backoff.next(Duration.ofMinutes(2))).isEqualTo(Duration.ofMinutes(2));
        assertThat(backoff.next(Duration.ofDays(9))).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void chanceAddsUpToHalf() {
        Backoff late = new Backoff(Duration.ofSeconds(10), Duration.ofSeconds(10), () -> 0.999999);
        Backoff random = new Backoff(Duration.ofSeconds(10), Duration.ofSeconds(10), Backoff::random);

        assertThat(late.next(Duration.ZERO)).isBetween(Duration.ofMillis(14_999), Duration.ofSeconds(15));
        assertThat(random.next(Duration.ZERO)).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(15));
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "120, 120",
                "' 5 ', 5",
                "0, 0",
                "99999999999999999999, 3600",
                "'Sun, 06 Nov 1994 08:49:37 GMT', 30",
                "'Sun, 06 Nov 1994 08:48:37 GMT', 0",
                "-1, 0",
                "soon, 0",
                "'', 0"
            })
    void readsRetryAfterInSecondsOrAsADate(String value, long seconds) {
        HttpHeaders headers = HttpHeaders.of(Map.of("Retry-After", List.of(value)), (name, v) -> true);
        Instant now = Instant.parse("1994-11-06T08:49:07Z");

        assertThat(Backoff.retryAfter(headers, now)).isEqualTo(Duration.ofSeconds(seconds));
    }
}
