package dev.fanfare.http;

/**
 * A body that is a stream of events, taken apart as it comes: each event is handed on at the byte that completes it, however the body
 * is cut. What is held of an unfinished event is bounded. After a {@link Problem}, which names the event, no more may be fed.
 */
public interface StreamedBody {

    /** Reads the next bytes; the array is not kept. */
    void feed(byte[] bytes, int offset, int length);

    /** The body has come to its proper end. */
    void end();

    /** What an event is called in refusals, from its number, counted from 1. */
    String place(long number);
}
