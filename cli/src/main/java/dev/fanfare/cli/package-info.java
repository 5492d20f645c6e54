/**
 * The command line: {@link dev.fanfare.cli.Main} and one class for each command. What a node can be told is one table,
 * {@link dev.fanfare.cli.Definitions}; {@link dev.fanfare.cli.SettingsReader} reads it from defaults, file, environment and flags into
 * {@link dev.fanfare.cli.Settings}, and {@link dev.fanfare.cli.Serve} starts a node with those.
 */
@NullMarked
package dev.fanfare.cli;

import org.jspecify.annotations.NullMarked;
