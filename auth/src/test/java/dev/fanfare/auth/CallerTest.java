package dev.fanfare.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fanfare.hub.Selector;
import dev.fanfare.hub.Topic;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CallerTest {

    @ParameterizedTest
    @CsvSource({
        "orders/*, orders/42, true",
        "orders/*, orders/*, true",
        "orders/*, orders/**, false",
        "orders/*, news, false",
        "orders/42, orders/42, true",
        "orders/42, orders/*, false",
        "**, orders/**, true",
        "orders/*, @all, true",
    })
    void aSelectorIsAllowedWhenAGrantCoversIt(String granted, String asked, boolean allowed) {
        assertThat(caller(null, rights(granted, "")).maySubscribe(Selector.of(asked)))
                .isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource({
        "orders/*, orders/42, true",
        "orders/*, orders/42/x, false",
        "**, orders/42, true",
        "**, @all, false",
        "@all, @all, true",
        "@all, orders, false",
    })
    void publishingToAllTakesTheGrantByName(String granted, String topic, boolean allowed) {
        assertThat(caller(null, rights("", granted)).mayPublish(Topic.of(topic)))
                .isEqualTo(allowed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"alice", "**", "a/b", "auth0|1", ".", "..", "%2F", "😀"})
    void aUserMayReadHisOwnTopicsAndNobodyElses(String user) {
        Caller caller = caller(user, Rights.NONE);

        assertThat(caller.maySubscribe(caller.selector("@me"))).isTrue();
        assertThat(caller.maySubscribe(caller.selector("@me/**"))).isTrue();
        assertThat(caller.maySubscribe(caller.selector("@me/inbox"))).isTrue();
        assertThat(caller.maySubscribe(Selector.of("@all"))).isTrue();
        for (String others :
                List.of("users/**", "users/*", "users/*/**", "users", "users/bob", "users/a", "users/a/b", "**")) {
            assertThat(caller.maySubscribe(Selector.of(others))).as(others).isFalse();
        }
        assertThat(caller.mayPublish(caller.topic("@me"))).isFalse();
    }

    @Test
    void whoHasNoGrantAndNoUserReadsNothing() {
        Caller caller = caller(null, Rights.NONE);

        assertThat(Stream.of("@all", "a", "**").map(Selector::of)).noneMatch(caller::maySubscribe);
    }

    @Test
    void anOpenNodeLetsEveryoneDoAll() {
        Caller.OPEN.checkSubscribe(Selector.of("**"));
        Caller.OPEN.checkPublish(Topic.ALL);
        Caller.OPEN.checkPublish(Topic.of("a/b"));
        Caller.OPEN.checkAdmin();
    }

    @Test
    void whoHasACredentialIsForbiddenAndWhoHasNoneIsAskedForOne() {
        Caller known = caller("alice", rights("a", "b"));
        Caller unknown = new Caller(Caller.Kind.ANONYMOUS, null, rights("a", ""), Long.MAX_VALUE, 0, "anonymous");

        for (Runnable forbidden : List.<Runnable>of(
                () -> known.checkSubscribe(Selector.of("b")),
                () -> known.checkPublish(Topic.of("a")),
                known::checkAdmin)) {
            assertThatExceptionOfType(AuthRefused.class)
                    .isThrownBy(forbidden::run)
                    .satisfies(refusal -> {
                        assertThat(refusal.reason().status()).isEqualTo(403);
                        assertThat(refusal.challenge())
                                .startsWith(
                                        "Bearer realm=\"fanfare\", error=\"insufficient_scope\", error_description=\"");
                    });
        }
        for (Runnable missing : List.<Runnable>of(
                () -> unknown.checkSubscribe(Selector.of("b")),
                () -> unknown.checkPublish(Topic.of("a")),
                unknown::checkAdmin)) {
            assertThatExceptionOfType(AuthRefused.class)
                    .isThrownBy(missing::run)
                    .satisfies(refusal -> {
                        assertThat(refusal.reason().status()).isEqualTo(401);
                        assertThat(refusal.challenge()).isEqualTo("Bearer realm=\"fanfare\"");
                    });
        }
        unknown.checkSubscribe(Selector.of("a"));
    }

    @Test
    void aChallengeHoldsNothingThatEndsIt() {
        Caller known = caller("alice", Rights.NONE);

        assertThatExceptionOfType(AuthRefused.class)
                .isThrownBy(() -> known.checkSubscribe(Selector.of("a\"b\\c😀é")))
                .satisfies(
                        refusal -> assertThat(refusal.challenge())
                                .matches(
                                        "Bearer realm=\"fanfare\", error=\"insufficient_scope\", error_description=\"[ -!#-\\[\\]-~]*\""));
    }

    private static Caller caller(@Nullable String user, Rights rights) {
        return new Caller(Caller.Kind.JWT, user, rights, Long.MAX_VALUE, 0, "test");
    }

    private static Rights rights(String subscribe, String publish) {
        return new Rights(selectors(subscribe), selectors(publish), false);
    }

    private static List<Selector> selectors(String text) {
        return text.isEmpty() ? List.of() : List.of(Selector.of(text));
    }
}
