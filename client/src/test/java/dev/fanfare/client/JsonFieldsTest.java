package dev.fanfare.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonFieldsTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\":\"7\"}",
                " { \"a\" : [1,-2.5e+3,{\"id\":\"no\"}] , \"b\":{\"id\":{}}, \"id\" : \"7\" } ",
                "{\"a\":true,\"b\":null,\"id\":\"7\",",
                "{\"id\":7,\"id\":\"7\"}",
                "{\"a\":\"},\\\"id\\\":\\\"no\\\"\",\"\\u0069d\":\"7\"}",
                "{\"a\":[],\"b\":{},\"c\":[\"]\",\"}\"],\"id\":\"7\"}"
            })
    void findsAMemberOfTheOutermostObject(String json) {
        assertThat(JsonFields.string(json, "id")).isEqualTo("7");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "[\"id\",\"7\"]",
                "<html>",
                "{\"id\":7}",
                "{\"id\":\"7",
                "{\"x\":{\"id\":\"7\"}}",
                "{\"a\"x\"id\":\"7\"}",
                "{\"a\":,\"id\":\"7\"}",
                "{\"id\":\"\\u00zz\"}"
            })
    void findsNothingInAnythingElse(String json) {
        assertThat(JsonFields.string(json, "id")).isNull();
        assertThat(JsonFields.stringOrEmpty(json, "id")).isEmpty();
    }

    @Test
    void readsEveryEscape() {
        assertThat(JsonFields.string("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"}", "a"))
                .isEqualTo("\"\\/\b\f\n\r\té😀");
    }

    @Test
    void givesUpOnNestingWithoutEnd() {
        assertThat(JsonFields.string("{\"a\":" + "[".repeat(100_000), "id")).isNull();
    }
}
