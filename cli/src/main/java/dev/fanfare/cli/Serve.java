package dev.fanfare.cli;

import dev.fanfare.redis.RedisLogException;
import dev.fanfare.rocksdb.DataDirectoryException;
import dev.fanfare.rocksdb.RocksLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a node. */
@Command(
        name = "serve",
        description = "Runs a node, and prints one line with its URL when it is ready.",
        customSynopsis = {
            "fanfare serve [--port PORT] [--host ADDRESS] [--data DIR | --memory | --redis URL]",
            "              [--config FILE] [--check] [--SETTING VALUE]...",
        },
        sortOptions = false,
        footerHeading = "%nSettings%n",
        footer = {
            "  Each of them is also an environment variable, FANFARE_LIMITS_STREAMS, and a line of the YAML file,",
            "  limits.streams: 5000. A flag wins over the environment, that over the file, that over the default.",
            "  Sizes are written 64MiB, times 500ms, 30s, 10m or 24h, lists with commas.",
            "  A setting that says \"or ...-file FILE\" may stand in a file, in all three spellings: FANFARE_AUTH_KEY_FILE.",
            "  Give secrets so: other users of the machine can see flags.",
            "",
            "Exit codes: 0 it was stopped, 1 it could not serve, 2 it was told something that makes no sense."
        })
final class Serve implements Callable<Integer> {

    @Option(names = "--config", paramLabel = "FILE", description = "read settings from a YAML file")
    private @Nullable Path config;

    @Option(names = "--memory", description = "keep the log in memory; a restart forgets it")
    private boolean memory;

    @Option(names = "--check", description = "print the effective settings and where each came from, and exit")
    private boolean check;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    /** This command, with a flag for every setting. */
    static CommandLine commandLine() {
        CommandLine command = new CommandLine(new Serve());
        Map<String, ArgGroupSpec.Builder> groups = new LinkedHashMap<>();
        for (Setting<?> setting : Definitions.ALL) {
            OptionSpec.Builder option = OptionSpec.builder(Setting.flag(setting.name()))
                    .type(String.class)
                    .paramLabel(setting.type().label())
                    .description(description(setting).replace("%", "%%"))
                    .order(Definitions.ALL.indexOf(setting));
            if (setting.type().label().equals("true|false")) {
                option.arity("0..1").fallbackValue("true");
            }
            groups.computeIfAbsent(
                            setting.group(),
                            group -> ArgGroupSpec.builder()
                                    .heading("%n" + group + "%n")
                                    .validate(false)
                                    .order(groups.size()))
                    .addArg(option.build());
            setting.names().stream()
                    .skip(1)
                    .forEach(name -> command.getCommandSpec()
                            .addOption(OptionSpec.builder(Setting.flag(name))
                                    .type(String.class)
                                    .hidden(true)
                                    .build()));
        }
        groups.values().forEach(group -> command.getCommandSpec().addArgGroup(group.build()));
        return command;
    }

    private static String description(Setting<?> setting) {
        String text = setting.help() + " (" + setting.defaultText() + ")";
        return setting.names().size() == 1 ? text : text + "; or " + Setting.flag(setting.fileName()) + " FILE";
    }

    @Override
    public Integer call() throws Exception {
        if (!memory && !check && !flags().containsKey(Definitions.REDIS.name())) {
            new Thread(RocksLog::prepare, "fanfare-prepare").start();
        }
        Settings settings = SettingsReader.read(config, System.getenv(), flags());
        if (memory && flags().containsKey(Definitions.DATA.name())) {
            throw new ParameterException(
                    spec.commandLine(), "--data and --memory: the log is on disk or in memory; leave one out");
        }
        if (memory && settings.value(Definitions.REDIS).isPresent()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--memory and redis, from " + settings.source(Definitions.REDIS)
                            + ": the log is in memory or in Redis; leave one out");
        }
        if (check) {
            spec.commandLine().getOut().print(settings.effective());
            spec.commandLine().getOut().flush();
        } else {
            run(settings);
        }
        return Main.OK;
    }

    /** Runs a node until the process is told to stop; then lets it end its streams, and exits with 0. */
    private void run(Settings settings) throws Exception {
        if (settings.value(Definitions.LOG_FORMAT).equals("json")) {
            JsonLines.use();
        }
        try {
            Node.start(settings, memory, spec.commandLine().getOut(), node -> heed(settings, node));
        } catch (IOException e) {
            throw new CommandFailed(
                    BusyPort.explain(settings.value(Definitions.HOST), settings.value(Definitions.PORT), e));
        } catch (DataDirectoryException | RedisLogException e) {
            throw new CommandFailed(String.valueOf(e.getMessage()));
        }
        new CountDownLatch(1).await();
    }

    /** Has a node do what signals ask of it. */
    private void heed(Settings settings, Node node) {
        new Stop(node.server()).onSignals();
        new Reload(() -> SettingsReader.read(config, System.getenv(), flags()), settings, node).start();
    }

    private Map<String, String> flags() {
        Map<String, String> flags = new LinkedHashMap<>();
        Definitions.ALL.stream().flatMap(setting -> setting.names().stream()).forEach(name -> {
            String text = spec.commandLine().getParseResult().matchedOptionValue(Setting.flag(name), (String) null);
            if (text != null) {
                flags.put(name, text);
            }
        });
        return flags;
    }
}
