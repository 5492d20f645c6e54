package dev.fanfare.server;

import dev.fanfare.auth.AuthRefused;
import dev.fanfare.auth.Authenticator;
import dev.fanfare.auth.Caller;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Finds the credential that a request presents, and who it stands for: the header first, then a ticket, then the cookie. */
final class Access {

    private static final String COOKIE = "fanfare_token";
    private static final String SCHEME = "Bearer ";

    private final Authenticator authenticator;

    Access(Authenticator authenticator) {
        this.authenticator = authenticator;
    }

    /** Whether everyone may do everything. */
    boolean isOpen() {
        return authenticator.isOpen();
    }

    /** Who asks; fails with {@link AuthRefused}. Completes at once if nothing has to be verified that was not verified before. */
    CompletionStage<Caller> identify(Request request) {
        if (isOpen()) {
            return CompletableFuture.completedFuture(Caller.OPEN);
        }
        List<String> headers = request.head.headers().getAll(HttpHeaderNames.AUTHORIZATION);
        if (!headers.isEmpty()) {
            return header(headers);
        }
        String cookie = cookie(request);
        return cookie == null
                ? CompletableFuture.completedFuture(authenticator.anonymous())
                : authenticator.cookie(cookie);
    }

    private CompletionStage<Caller> header(List<String> headers) {
        if (headers.size() > 1) {
            return refused("more than one Authorization header; send one");
        }
        String header = headers.get(0);
        if (!header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return refused("the Authorization header has another scheme than Bearer, the one this node takes");
        }
        return authenticator.bearer(header.substring(SCHEME.length()).strip());
    }

    private static CompletionStage<Caller> refused(String why) {
        return CompletableFuture.failedFuture(AuthRefused.invalid(why));
    }

    private static @Nullable String cookie(Request request) {
        for (String header : request.head.headers().getAll(HttpHeaderNames.COOKIE)) {
            if (header.contains(COOKIE)) {
                for (Cookie cookie : ServerCookieDecoder.STRICT.decodeAll(header)) {
                    if (cookie.name().equals(COOKIE)) {
                        return cookie.value();
                    }
                }
            }
        }
        return null;
    }
}
