package dev.fanfare.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventTest {

    @ParameterizedTest
    @ValueSource(strings = {"\n", "a\r", "a\r\nb"})
    void refusesALineBreakInTypeAndIdBecauseItWouldForgeFields(String value) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Event.of(value, ""))
                .withMessageContaining("type has a line break");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Event.message("").withId(value))
                .withMessageContaining("id has a line break");
    }

    @Test
    void refusesAnIdWithNulThatClientsWouldIgnoreByP10() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Event.message("").withId("a\0"))
                .withMessageContaining("NUL");
    }

    @Test
    void refusesANegativeReconnectionTime() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Event("message", "", null, -2))
                .withMessageContaining("retry: -2");
    }

    @Test
    void makesCrAndCrlfInDataLf() {
        assertThat(Event.message("a\rb\r\nc\n\rd\r\r\n").data()).isEqualTo("a\nb\nc\n\nd\n\n");
    }

    @Test
    void takesAnEmptyTypeForMessageAsP9Does() {
        assertThat(Event.of("", "a")).isEqualTo(Event.message("a"));
    }
}
