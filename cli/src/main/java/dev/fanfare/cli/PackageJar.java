package dev.fanfare.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Stands in the help for what the launcher does by itself. */
@Command(
        name = "package",
        description = "Makes fanfare.jar, which runs anywhere with a Java 17 or later: java -jar fanfare.jar serve",
        footer = {"", "Exit codes: 0 made, 1 failed."})
final class PackageJar implements Callable<Integer> {

    @Override
    public Integer call() {
        throw new CommandFailed("package is a command of the launcher; run ./fanfare package in a checkout");
    }
}
