package dev.fanfare.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program: picks the command, and turns what goes wrong into a line on standard error and an exit code. */
@Command(
        name = "fanfare",
        description =
                "A hub for server-sent events: publish with one HTTP call, subscribe with EventSource, lose nothing.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = Main.Version.class,
        footer = {
            "",
            "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.",
            "fanfare COMMAND --help says more about each.",
        })
public final class Main {

    static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;

    private Main() {}

    /** Runs the command that the arguments name, and exits with its code. */
    public static void main(String[] args) {
        LogLines.use();
        int code = commandLine()
                .setOut(new PrintWriter(new FileOutputStream(FileDescriptor.out), false, UTF_8))
                .setErr(new PrintWriter(new FileOutputStream(FileDescriptor.err), true, UTF_8))
                .execute(args);
        if (code != OK) {
            System.exit(code);
        }
    }

    static CommandLine commandLine() {
        CommandLine main = new CommandLine(new Main())
                .addSubcommand(Serve.commandLine())
                .addSubcommand(new Publish())
                .addSubcommand(new Tail())
                .addSubcommand(Token.commandLine())
                .addSubcommand(new PackageJar());
        main.getCommandSpec().mixinStandardHelpOptions(true);
        main.getSubcommands().values().forEach(command -> {
            command.getCommandSpec().mixinStandardHelpOptions(true);
            command.getCommandSpec().versionProvider(new Version());
        });
        return main.setUsageHelpWidth(110)
                .setUsageHelpLongOptionsMaxWidth(44)
                .setParameterExceptionHandler((e, args) -> usage(e))
                .setExecutionExceptionHandler((e, command, result) -> failed(e, command));
    }

    private static int usage(ParameterException e) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("fanfare: " + message(e));
        if (e instanceof UnmatchedArgumentException unmatched && !(command.getCommand() instanceof Serve)) {
            UnmatchedArgumentException.printSuggestions(unmatched, err);
        }
        err.println(command.getCommandSpec().qualifiedName() + " --help says what there is.");
        err.flush();
        return USAGE;
    }

    /** Says which setting was meant by a flag that {@code serve} does not know, and leaves the rest as picocli says it. */
    private static String message(ParameterException e) {
        boolean serve = e.getCommandLine().getCommand() instanceof Serve;
        if (serve && e instanceof UnmatchedArgumentException unmatched) {
            List<String> flags = unmatched.getUnmatched();
            if (flags.get(0).startsWith("--")) {
                return SettingsReader.unknown(flags.get(0).replaceFirst("=.*", ""), Setting::flag);
            }
        }
        return String.valueOf(e.getMessage());
    }

    private static int failed(Exception e, CommandLine command) {
        PrintWriter err = command.getErr();
        boolean told = e instanceof CommandFailed || e instanceof SettingsException;
        String text = told ? String.valueOf(e.getMessage()) : e.toString();
        text.lines().forEach(line -> err.println("fanfare: " + line));
        err.flush();
        return e instanceof SettingsException ? USAGE : FAILED;
    }

    /** The version that the jar's manifest names. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"fanfare " + (version == null ? "(not packaged)" : version)};
        }
    }
}
