/**
 * The log of many nodes, on Redis or Valkey: {@link dev.fanfare.redis.RedisLog}. All that a hub keeps is there; what is appended, removed
 * or read is decided by scripts that run there, one at a time, so that every node sees one order.
 */
@NullMarked
package dev.fanfare.redis;

import org.jspecify.annotations.NullMarked;
