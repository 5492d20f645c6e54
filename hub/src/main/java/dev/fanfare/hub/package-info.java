/**
 * The hub: topics, the log, the window, cursors and fan-out, without any HTTP.
 *
 * <p>An event's way: {@link dev.fanfare.hub.Hub#publish} appends it to the {@link dev.fanfare.hub.EventLog}; the log's follower puts
 * it, encoded once, into the window; each {@link dev.fanfare.hub.Loop} is woken once, looks the topic up in its own index and writes
 * to the {@link dev.fanfare.hub.Sink} of every cursor that matches. A cursor that cannot be written to lags, and later reads on by
 * itself: along its topics in the window, or from the log. Start reading at {@code Hub}, then {@code Loop}.
 */
@NullMarked
package dev.fanfare.hub;

import org.jspecify.annotations.NullMarked;
