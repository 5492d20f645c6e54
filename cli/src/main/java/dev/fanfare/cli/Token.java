package dev.fanfare.cli;

import dev.fanfare.auth.AuthSettings;
import dev.fanfare.auth.TokenMaker;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes a token with the node's key, and prints it alone. */
@Command(
        name = "token",
        description = "Makes a token with the node's key (auth.key), and prints it.",
        customSynopsis = {
            "fanfare token [--subscribe SELECTOR]... [--publish SELECTOR]... [--sub USER] [--ttl 1h] [--admin]",
            "              [--config FILE] [--auth.key-file FILE]",
        },
        sortOptions = false,
        footer = {
            "",
            "The key is the node's own: read from the same file, environment (FANFARE_AUTH_KEY) and flags as serve's.",
            "fanfare serve --help has them all.",
            "",
            "Exit codes: 0 made, 1 there is no key to make it with, 2 it was told something that makes no sense."
        })
final class Token implements Callable<Integer> {

    private static final SettingType<Duration> TTL = SettingType.time("1s", "3650d");

    @Option(names = "--subscribe", paramLabel = "SELECTOR", description = "what may be read; repeat it")
    private List<String> subscribe = List.of();

    @Option(names = "--publish", paramLabel = "SELECTOR", description = "what may be published to; repeat it")
    private List<String> publish = List.of();

    @Option(names = "--sub", paramLabel = "USER", description = "whose it is; he may also read users/USER/**")
    private @Nullable String sub;

    @Option(
            names = "--ttl",
            paramLabel = "TIME",
            description = "how long it holds (${DEFAULT-VALUE})",
            defaultValue = "1h")
    private String ttl = "1h";

    @Option(names = "--admin", description = "for looking into the node, and taking topics and streams away")
    private boolean admin;

    @Option(names = "--config", paramLabel = "FILE", description = "read settings from a YAML file")
    private @Nullable Path config;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    /** This command, with a flag for every setting of whom a node trusts. */
    static CommandLine commandLine() {
        CommandLine command = new CommandLine(new Token());
        for (String name : settingNames()) {
            command.getCommandSpec()
                    .addOption(OptionSpec.builder(Setting.flag(name))
                            .type(String.class)
                            .hidden(true)
                            .build());
        }
        return command;
    }

    @Override
    public Integer call() {
        AuthSettings settings = Access.of(SettingsReader.read(config, System.getenv(), flags()));
        if (settings.key() == null) {
            throw new CommandFailed(
                    "there is no auth.key to make a token with. Make one, and give it to the node and to this"
                            + " command:\n  export FANFARE_AUTH_KEY=$(openssl rand -base64 32)\nTokens for auth.public-key and"
                            + " auth.jwks are made by who has the private key.");
        }
        if (subscribe.isEmpty() && publish.isEmpty() && sub == null && !admin) {
            throw usage("a token for nothing (expected: --subscribe, --publish, --sub or --admin)");
        }
        PrintWriter out = spec.commandLine().getOut();
        try {
            out.println(new TokenMaker(settings, InstantSource.system()).make(sub, subscribe, publish, admin, ttl()));
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
        out.flush();
        return Main.OK;
    }

    private Duration ttl() {
        try {
            return TTL.parser().apply(ttl);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--ttl: " + ttl + " (expected: " + TTL.expected() + ")");
        }
    }

    private Map<String, String> flags() {
        Map<String, String> flags = new LinkedHashMap<>();
        for (String name : settingNames()) {
            String text = spec.commandLine().getParseResult().matchedOptionValue(Setting.flag(name), (String) null);
            if (text != null) {
                flags.put(name, text);
            }
        }
        return flags;
    }

    private static List<String> settingNames() {
        return Definitions.ALL.stream()
                .flatMap(setting -> setting.names().stream())
                .filter(name -> name.startsWith("auth."))
                .toList();
    }

    private ParameterException usage(String what) {
        return new ParameterException(spec.commandLine(), what);
    }
}
