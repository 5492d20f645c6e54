/**
 * Who a caller is and what he may do.
 *
 * <p>{@link dev.fanfare.auth.Authenticator} turns a credential into a {@link dev.fanfare.auth.Caller}, who has
 * {@link dev.fanfare.auth.Rights}; what is refused on the way is an {@link dev.fanfare.auth.AuthRefused}, which knows its status and
 * its {@code WWW-Authenticate}. Nothing here reads a request, and nothing keeps or repeats a token: not in a message, a log line or a
 * name. {@link dev.fanfare.auth.Tickets} and {@link dev.fanfare.auth.Revocations} keep what they know as notes in the log, so that
 * every node knows it. Signatures, key formats and claims are the work of Nimbus JOSE+JWT and of the JDK.
 */
@NullMarked
package dev.fanfare.auth;

import org.jspecify.annotations.NullMarked;
