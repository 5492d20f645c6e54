package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PositionTest {

    @Property
    void itsTextParsesBack(@ForAll @LongRange(min = 0) long position) {
        assertThat(Position.parse(Position.text(position))).isEqualTo(position);
        assertThat(Position.isForm(Position.text(position))).isTrue();
    }

    @Property
    void theNextIsAfterTheLastAndNotBeforeNow(
            @ForAll @LongRange(min = 0, max = 1L << 62) long last,
            @ForAll @LongRange(min = 0, max = 1L << 42) long now) {
        long next = Position.next(last, now);
        assertThat(next).isGreaterThan(last);
        assertThat(Position.millis(next)).isGreaterThanOrEqualTo(now);
        assertThat(next == last + 1 || next == Position.of(now, 0)).isTrue();
    }

    @Test
    void aFullCounterGoesOnInTheNextMillisecond() {
        long full = Position.of(5, (1 << 20) - 1);
        assertThat(Position.text(Position.next(full, 5))).isEqualTo("6-0");
        assertThat(Position.text(Position.of(1_763_683_200_000L, 7))).isEqualTo("1763683200000-7");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-",
                "1",
                "1-",
                "-1",
                "a-1",
                "1-a",
                "1-1-1",
                " 1-1",
                "1 -1",
                "+1-1",
                "1--1",
                "١-١",
                "8796093022208-0",
                "1-1048576",
                "99999999999999999999-0",
                "1-99999999999999999999",
                "1.0-0"
            })
    void whatIsNoPositionParsesToNone(String text) {
        assertThat(Position.parse(text)).isEqualTo(-1);
    }

    @Test
    void whatIsOutOfRangeHasTheFormNevertheless() {
        assertThat(Position.isForm("99999999999999999999-0")).isTrue();
        assertThat(Position.isForm("x1-0")).isFalse();
        assertThat(Position.parse("8796093022207-1048575")).isEqualTo(Long.MAX_VALUE);
        assertThatIllegalArgumentException().isThrownBy(() -> Position.of(-1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Position.of(1L << 43, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Position.of(0, 1 << 20));
    }
}
