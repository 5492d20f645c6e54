package dev.fanfare.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
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

    private final Map<String, Setting<?>> byName = new LinkedHashMap<>();
    private final Map<Setting<?>, Settings.Given> given = new LinkedHashMap<>();
    private final Map<Setting<?>, String> givenHere = new HashMap<>();
    private final List<String> problems = new ArrayList<>();

    private SettingsReader(List<Setting<?>> known) {
        for (Setting<?> setting : known) {
            setting.names().forEach(name -> byName.put(name, setting));
            give(setting, setting.defaultText(), Settings.Given.DEFAULT, null);
        }
    }

    /**
     * The settings that these sources make.
     *
     * @param file the YAML file, if there is one
     * @param environment the environment variables; those that are not Fanfare's are left alone
     * @param flags the flags given, by name without {@code --}
     * @throws SettingsException that names every value that cannot be used and every name that is not known
     */
    static Settings read(@Nullable Path file, Map<String, String> environment, Map<String, String> flags) {
        return read(Definitions.ALL, file, environment, flags);
    }

    /** As {@link #read(Path, Map, Map)}, of settings that need not be all there are. */
    static Settings read(
            List<Setting<?>> known, @Nullable Path file, Map<String, String> environment, Map<String, String> flags) {
        SettingsReader reader = new SettingsReader(known);
        if (file != null) {
            reader.readFile(file);
        }
        reader.readEnvironment(environment);
        reader.givenHere.clear();
        flags.forEach((name, text) -> reader.give(name, text, Setting.flag(name)));
        if (reader.problems.isEmpty()) {
            reader.compare(new Settings(reader.given));
        }
        if (!reader.problems.isEmpty()) {
            throw new SettingsException(reader.problems);
        }
        return new Settings(reader.given);
    }

    /** The error for a name that no setting has. {@code spelling} is how names are written where it was found. */
    static String unknown(String name, UnaryOperator<String> spelling) {
        Optional<String> nearest = Spelling.nearest(
                name,
                Definitions.ALL.stream()
                        .flatMap(setting -> setting.names().stream())
                        .map(spelling)
                        .toList());
        return "unknown setting " + name
                + nearest.map(known -> ", did you mean " + known + "?").orElse("; fanfare serve --help lists them all");
    }

    private void readFile(Path file) {
        try {
            YamlFile.read(file, this::isSecret)
                    .forEach((name, line) -> give(name, line.text(), file + " line " + line.number()));
        } catch (SettingsException e) {
            problems.add(e.getMessage());
        }
    }

    private boolean isSecret(String name) {
        Setting<?> setting = byName.get(name);
        return setting != null && setting.isSecret();
    }

    private void readEnvironment(Map<String, String> environment) {
        givenHere.clear();
        Map<String, String> names = new HashMap<>();
        byName.keySet().forEach(name -> names.put(Setting.variable(name), name));
        new TreeMap<>(environment).forEach((variable, text) -> {
            String name = names.get(variable);
            if (!variable.startsWith("FANFARE_") || OTHER_VARIABLES.contains(variable) || serviceLink(variable, text)) {
                return;
            }
            if (name == null) {
                problems.add(unknown(variable, Setting::variable));
            } else {
                give(name, text, variable);
            }
        });
    }

    private static boolean serviceLink(String variable, String text) {
        return SERVICE_LINK.matcher(variable).matches()
                || (variable.endsWith("_PORT") && SERVICE_URL.matcher(text).matches());
    }

    private void give(String name, String text, String source) {
        Setting<?> setting = byName.get(name);
        if (setting == null) {
            problems.add(unknown(name, UnaryOperator.identity()) + ", from " + source);
            return;
        }
        String before = givenHere.put(setting, source);
        if (before != null) {
            problems.add(setting.name() + " and " + setting.fileName() + ": both are set (expected: one of them), from "
                    + before + " and " + source);
        } else if (name.equals(setting.name())) {
            give(setting, text, source, null);
        } else {
            giveFile(setting, text.strip(), source);
        }
    }

    private void giveFile(Setting<?> setting, String file, String source) {
        try {
            give(setting, SecretFile.read(file), source, Path.of(file));
        } catch (IllegalArgumentException e) {
            problems.add("%s: %s (expected: %s), from %s".formatted(setting.fileName(), file, e.getMessage(), source));
        }
    }

    private void give(Setting<?> setting, String text, String source, @Nullable Path file) {
        try {
            Object value = setting.parse(text);
            given.put(setting, new Settings.Given(text.strip(), value, source, file));
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage() + ", from " + source + (file == null ? "" : ", " + file));
        }
    }

    /**
     * Checks what depends on two settings.
     *
     * @throws SettingsException that names what does not go together
     */
    static void check(Settings settings) {
        SettingsReader reader = new SettingsReader(List.of());
        reader.compare(settings);
        if (!reader.problems.isEmpty()) {
            throw new SettingsException(reader.problems);
        }
    }

    private void compare(Settings settings) {
        if (settings.value(Definitions.RETRY).compareTo(settings.value(Definitions.RETRY_MAX)) > 0) {
            refuse(settings, Definitions.RETRY, "at most retry.max, " + settings.text(Definitions.RETRY_MAX));
        }
        if (settings.value(Definitions.REDIS).isPresent()) {
            compareWithRedis(settings);
        }
        if (settings.value(Definitions.REDIS).isEmpty()
                && settings.value(Definitions.REDIS_INGRESS_CHANNELS).isPresent()) {
            refuse(settings, Definitions.REDIS_INGRESS_CHANNELS, "redis too, the server whose channels they are");
        }
        if (settings.value(Definitions.REDIS_CERT).isPresent()
                && settings.value(Definitions.REDIS_KEY).isEmpty()) {
            refuse(settings, Definitions.REDIS_CERT, "redis.key too, the file with its key");
        }
        if (settings.value(Definitions.REDIS_KEY).isPresent()
                && settings.value(Definitions.REDIS_CERT).isEmpty()) {
            refuse(settings, Definitions.REDIS_KEY, "redis.cert too, the file with its certificate");
        }
        if (isOpen(settings)
                && !settings.value(Definitions.INSECURE)
                && reachesBeyond(settings.value(Definitions.HOST))) {
            refuse(
                    settings,
                    Definitions.HOST,
                    "127.0.0.1 or ::1, since everyone may publish; auth.key to say who may, --insecure to allow just that");
        }
    }

    private void compareWithRedis(Settings settings) {
        if (settings.isGiven(Definitions.DATA)) {
            problems.add("redis and data: the log is in Redis or in a directory (expected: one of them), from "
                    + settings.source(Definitions.REDIS) + " and " + settings.source(Definitions.DATA));
        }
        if (settings.value(Definitions.DURABILITY).equals("disk")) {
            refuse(
                    settings,
                    Definitions.DURABILITY,
                    "os; with redis, its own appendonly and appendfsync say what a publish survives");
        }
    }

    /** Whether the node asks for no credential; notes what is wrong with the settings that say so. */
    private boolean isOpen(Settings settings) {
        try {
            return Access.of(settings).isOpen();
        } catch (IllegalArgumentException e) {
            problems.add(String.valueOf(e.getMessage()));
            return false;
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
