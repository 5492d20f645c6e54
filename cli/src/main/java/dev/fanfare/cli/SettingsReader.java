package dev.fanfare.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads settings: defaults, then a YAML file, the environment and the flags, each of which overrides those before it. */
final class SettingsReader {

    /** Variables of other parts of Fanfare: the launcher's, and those of the client commands. */
    private static final Set<String> OTHER_VARIABLES =
            Set.of("FANFARE_JAVA_OPTS", "FANFARE_TERMINAL", "FANFARE_URL", "FANFARE_TOKEN");

    /** What Kubernetes sets for a service called fanfare, or fanfare-something. */
    private static final Pattern SERVICE_LINK = Pattern.compile(
            "FANFARE_.*(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");

    private static final Pattern SERVICE_URL = Pattern.compile("(tcp|udp|sctp)://.*");

    private final Map<Setting<?>, Settings.Given> given = new HashMap<>();
    private final List<String> problems = new ArrayList<>();

    private SettingsReader() {}

    /**
     * The settings that these sources make.
     *
     * @param file the YAML file, if there is one
     * @param environment the environment variables; those that are not Fanfare's are left alone
     * @param flags the flags given, by name without {@code --}
     * @throws SettingsException that names every value that cannot be used and every name that is not known
     */
    static Settings read(@Nullable Path file, Map<String, String> environment, Map<String, String> flags) {
        SettingsReader reader = new SettingsReader();
        Definitions.ALL.forEach(setting -> reader.give(setting, setting.defaultText(), "default"));
        if (file != null) {
            reader.readFile(file);
        }
        reader.readEnvironment(environment);
        flags.forEach((name, text) -> reader.give(name, text, "--" + name));
        reader.compare();
        if (!reader.problems.isEmpty()) {
            throw new SettingsException(reader.problems);
        }
        return new Settings(reader.given);
    }

    /** The error for a name that no setting has. {@code spelling} is how names are written where it was found. */
    static String unknown(String name, Function<Setting<?>, String> spelling) {
        Optional<String> nearest =
                Spelling.nearest(name, Definitions.ALL.stream().map(spelling).toList());
        return "unknown setting " + name
                + nearest.map(known -> ", did you mean " + known + "?").orElse("; fanfare serve --help lists them all");
    }

    private void readFile(Path file) {
        try {
            YamlFile.read(file).forEach((name, line) -> give(name, line.text(), file + " line " + line.number()));
        } catch (SettingsException e) {
            problems.add(e.getMessage());
        }
    }

    private void readEnvironment(Map<String, String> environment) {
        Map<String, Setting<?>> byVariable = new HashMap<>();
        Definitions.ALL.forEach(setting -> byVariable.put(setting.variable(), setting));
        new TreeMap<>(environment).forEach((variable, text) -> {
            Setting<?> setting = byVariable.get(variable);
            if (!variable.startsWith("FANFARE_") || OTHER_VARIABLES.contains(variable) || serviceLink(variable, text)) {
                return;
            }
            if (setting == null) {
                problems.add(unknown(variable, Setting::variable));
            } else {
                give(setting, text, variable);
            }
        });
    }

    private static boolean serviceLink(String variable, String text) {
        return SERVICE_LINK.matcher(variable).matches()
                || (variable.endsWith("_PORT") && SERVICE_URL.matcher(text).matches());
    }

    private void give(String name, String text, String source) {
        Definitions.named(name)
                .ifPresentOrElse(
                        setting -> give(setting, text, source),
                        () -> problems.add(unknown(name, Setting::name) + ", from " + source));
    }

    private void give(Setting<?> setting, String text, String source) {
        try {
            Object value = setting.parse(text);
            given.put(setting, new Settings.Given(text.strip(), value, source));
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage() + ", from " + source);
        }
    }

    /** Checks what depends on two settings. */
    private void compare() {
        if (!problems.isEmpty()) {
            return;
        }
        Settings settings = new Settings(given);
        if (settings.value(Definitions.RETRY).compareTo(settings.value(Definitions.RETRY_MAX)) > 0) {
            refuse(settings, Definitions.RETRY, "at most retry.max, " + settings.text(Definitions.RETRY_MAX));
        }
        if (!settings.value(Definitions.INSECURE) && reachesBeyond(settings.value(Definitions.HOST))) {
            refuse(
                    settings,
                    Definitions.HOST,
                    "127.0.0.1 or ::1, since everyone may publish; --insecure to allow just that");
        }
    }

    private void refuse(Settings settings, Setting<?> setting, String expected) {
        String text = settings.text(setting);
        problems.add(
                "%s: %s (expected: %s), from %s".formatted(setting.name(), text, expected, settings.source(setting)));
    }

    /** True if other machines can reach that address. A name that means nothing is left for the server to stumble on. */
    private static boolean reachesBeyond(String host) {
        try {
            return !InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
