/**
 * The Java client of Fanfare, on {@code java.net.http} and nothing else. Start with one of two types:
 *
 * <ul>
 *   <li>{@link dev.fanfare.client.EventSource} subscribes. It is the standard's EventSource for programs: it opens an event
 *       stream, hands every event to a listener, and resumes by the last event ID for as long as it is not closed. It works
 *       with any server of event streams; what Fanfare adds (gaps, topics, the end of a topic) it understands.
 *   <li>{@link dev.fanfare.client.Publisher} publishes, in order for each topic, and tries again without doubling.
 * </ul>
 *
 * <p>Threads: one HTTP client, one timer thread and one small pool for callbacks are shared by all sources and publishers of
 * the process; all of them are daemons. The number of streams does not change the number of threads.
 */
@NullMarked
package dev.fanfare.client;

import org.jspecify.annotations.NullMarked;
