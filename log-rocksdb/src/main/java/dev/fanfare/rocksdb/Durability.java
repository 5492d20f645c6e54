package dev.fanfare.rocksdb;

/** When an append counts as done. */
public enum Durability {
    /** Once it is written: it survives the end of the process, also by {@code kill -9}, but not the loss of power. */
    OS,
    /** Once it is on the disk: it survives the loss of power. Appends that wait share one fsync. */
    DISK
}
