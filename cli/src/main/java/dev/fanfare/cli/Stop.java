package dev.fanfare.cli;

import dev.fanfare.server.LogField;
import dev.fanfare.server.Server;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;
import sun.misc.Signal;

/**
 * What ends a node: SIGTERM drains it first, and a second one, or anything else that ends the process, as Ctrl-C does, stops it at
 * once, in good order all the same. It exits with 0.
 */
final class Stop {

    private static final Logger LOG = System.getLogger(Stop.class.getName());

    private final Server server;
    private final AtomicBoolean draining = new AtomicBoolean();

    Stop(Server server) {
        this.server = server;
    }

    void onSignals() {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close("the process was told to end"), "fanfare-stop"));
        try {
            Signal.handle(new Signal("TERM"), signal -> terminated());
        } catch (IllegalArgumentException e) {
            LOG.log(Level.WARNING, "SIGTERM stops this node without a drain: {0}", e.getMessage());
        }
    }

    /** Called on a thread of its own for each signal. */
    private void terminated() {
        if (draining.getAndSet(true)) {
            close("SIGTERM, a second time");
            return;
        }
        say("drains", "SIGTERM");
        server.drain();
        close("SIGTERM");
    }

    private void say(String does, String why) {
        LOG.log(
                Level.INFO,
                "{0} ({1}); streams open: {2}",
                new LogField("does", does),
                new LogField("why", why),
                new LogField("streams", server.streams()));
    }

    private void close(String why) {
        int code = Main.OK;
        say("stops", why);
        try {
            server.close();
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "the node did not stop in good order", e);
            code = Main.FAILED;
        }
        Runtime.getRuntime().halt(code); // the JVM would exit with 128 + the signal's number
    }
}
