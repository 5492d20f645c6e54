@NullMarked
package dev.fanfare.server;

import org.jspecify.annotations.NullMarked;
