package dev.fanfare.rocksdb;

import dev.fanfare.hub.TopicDirectory.History;

/** What the directory on disk says of a topic and of the log; and what is kept of a topic in memory besides. */
final class Facts {

    /** The topic's name and a zero: the beginning of all its keys. */
    final byte[] prefix;
    /** The position of an event that is older than the age, and stays because it is the newest; or 0. */
    long kept;

    Facts(byte[] prefix) {
        this.prefix = prefix;
    }

    /** newest, events, horizon, deleted, ended, kept. */
    static byte[] encode(History<Facts> history, Bytes out) {
        out.clear();
        out.number(history.newest());
        out.number(history.events());
        out.number(history.horizon());
        out.number(history.deleted());
        out.number(history.ended());
        out.number(history.extra().kept);
        return out.copy();
    }

    /**
     * What is known of the log.
     *
     * @param birth see {@code TopicDirectory}
     * @param floor see {@code TopicDirectory}
     * @param tail the newest position at some time; the newest entry may be newer
     * @param checkpoint up to here what is known of the topics says all
     * @param front every event up to here is gone but for those that are kept as their topics' newest
     * @param events how many there are
     * @param bytes how many they occupy
     */
    record OfLog(long birth, long floor, long tail, long checkpoint, long front, long events, long bytes) {

        static final byte[] KEY = {0};

        byte[] encode(Bytes out) {
            out.clear();
            out.number(birth);
            out.number(floor);
            out.number(tail);
            out.number(checkpoint);
            out.number(front);
            out.number(events);
            out.number(bytes);
            return out.copy();
        }

        static OfLog decode(byte[] record) {
            Bytes.In in = new Bytes.In(record);
            return new OfLog(in.number(), in.number(), in.number(), in.number(), in.number(), in.number(), in.number());
        }
    }
}
