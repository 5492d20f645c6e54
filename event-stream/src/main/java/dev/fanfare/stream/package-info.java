/**
 * The wire format of server-sent events, as in the WHATWG section of that name: an {@link dev.fanfare.stream.Event}, the encoder
 * that writes it and the parser that reads it back. Nothing here knows of HTTP or of a log, and of topics only that a block can name
 * one.
 */
@NullMarked
package dev.fanfare.stream;

import org.jspecify.annotations.NullMarked;
