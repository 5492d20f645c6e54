package dev.fanfare.server;

import dev.fanfare.hub.EventLog;

/** A log that outlives the node that reads it. */
final class UnclosedLog extends ForwardingLog {

    UnclosedLog(EventLog log) {
        super(log);
    }

    @Override
    public void close() {}
}
