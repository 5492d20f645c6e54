package dev.fanfare.cli;

import dev.fanfare.auth.ApiKey;
import dev.fanfare.auth.AuthSettings;
import dev.fanfare.hub.Selector;
import java.util.List;
import java.util.function.Function;

/** Whose credentials a node accepts, from its settings. */
final class Access {

    private Access() {}

    /**
     * The settings {@code auth.*} together.
     *
     * @throws IllegalArgumentException that names the one that cannot be used, alone or with the others, and what was expected
     */
    static AuthSettings of(Settings settings) {
        return new AuthSettings(
                settings.value(Definitions.AUTH_KEY).orElse(null),
                settings.value(Definitions.AUTH_PUBLIC_KEY).orElse(null),
                settings.value(Definitions.AUTH_JWKS).orElse(null),
                settings.value(Definitions.AUTH_ISSUER).orElse(null),
                settings.value(Definitions.AUTH_AUDIENCE).orElse(null),
                settings.value(Definitions.AUTH_CLAIM),
                settings.value(Definitions.AUTH_LEEWAY),
                settings.value(Definitions.AUTH_API_KEYS)
                        .map(json -> named(Definitions.AUTH_API_KEYS, json, ApiKey::list))
                        .orElse(List.of()),
                settings.value(Definitions.AUTH_ANONYMOUS_SUBSCRIBE).orElse(List.of()).stream()
                        .map(text -> named(Definitions.AUTH_ANONYMOUS_SUBSCRIBE, text, Selector::of))
                        .toList());
    }

    private static <T> T named(Setting<?> setting, String text, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(setting.name() + ": " + e.getMessage());
        }
    }
}
