/**
 * The log of one machine, on an embedded RocksDB. {@link dev.fanfare.rocksdb.RocksLog} is where to start; {@link
 * dev.fanfare.rocksdb.Store} draws what lies on disk.
 *
 * <p>One thread appends ({@link dev.fanfare.rocksdb.Committer}), one removes ({@link dev.fanfare.rocksdb.Retirement}), a few read
 * ({@link dev.fanfare.rocksdb.Reads}). What they share is {@link dev.fanfare.rocksdb.State}, whose lock is held for moves in memory and
 * for the write of a removal, so that under it disk and memory say the same; never while an append waits for the disk.
 */
@NullMarked
package dev.fanfare.rocksdb;

import org.jspecify.annotations.NullMarked;
