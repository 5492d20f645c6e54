package dev.fanfare.redis;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Redis' own client, which is sent commands, one a line, on one connection. Its answers are not looked at. */
final class RedisCli implements AutoCloseable {

    private final Process process;
    private final BufferedWriter commands;

    RedisCli(RedisServer server) {
        try {
            process = new ProcessBuilder("redis-cli", "-u", server.uri())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        commands = process.outputWriter(StandardCharsets.UTF_8);
    }

    synchronized void send(String command) {
        try {
            commands.write(command + "\n");
            commands.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void publish(String channel, String message) {
        send("PUBLISH " + channel + " '" + message + "'");
    }

    @Override
    public void close() {
        try {
            commands.close();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
