@NullMarked
package dev.fanfare.rocksdb;

import org.jspecify.annotations.NullMarked;
