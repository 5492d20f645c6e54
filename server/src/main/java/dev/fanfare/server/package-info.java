/**
 * The HTTP/1.1 server on Netty.
 *
 * <p>A {@link dev.fanfare.server.Connection} takes requests apart, {@code Routes} says what each URL does, and a request for an event
 * stream turns its connection into an {@code EventStream}: the HTTP codec leaves, and what remains is a channel, a cursor and no
 * buffer. Each event loop has a {@code Worker}: the hub's loop on that thread, its open connections and their deadlines.
 */
@NullMarked
package dev.fanfare.server;

import org.jspecify.annotations.NullMarked;
