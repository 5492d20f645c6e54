/**
 * What the HTTP contract means, whatever carries it: how parameters become a subscription or a publication, how a refusal reads, what
 * a JSON page holds. A server or a servlet takes requests apart and calls these; nothing here reads or writes a socket.
 */
@NullMarked
package dev.fanfare.http;

import org.jspecify.annotations.NullMarked;
