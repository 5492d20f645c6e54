/** The hub inside a program of one's own. */
@NullMarked
package dev.fanfare.example;

import org.jspecify.annotations.NullMarked;
