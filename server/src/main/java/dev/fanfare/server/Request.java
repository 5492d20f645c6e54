package dev.fanfare.server;

import dev.fanfare.http.Query;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request's head, taken apart as far as routing needs it. */
final class Request {

    final HttpRequest head;
    final String method;
    /** The raw path, without the query. */
    final String path;

    final String rawQuery;
    final boolean keepAlive;
    final boolean http11;
    final @Nullable String host;
    final @Nullable String origin;

    Request(HttpRequest head) {
        this.head = head;
        this.method = head.method().name();
        String target = head.uri();
        if (!target.startsWith("/")) {
            int authority = target.indexOf("://");
            int slash = authority < 0 ? -1 : target.indexOf('/', authority + 3);
            target = slash < 0 ? (target.equals("*") ? "*" : "/") : target.substring(slash);
        }
        int question = target.indexOf('?');
        this.path = question < 0 ? target : target.substring(0, question);
        this.rawQuery = question < 0 ? "" : target.substring(question + 1);
        this.http11 = head.protocolVersion().compareTo(HttpVersion.HTTP_1_1) >= 0;
        this.keepAlive = HttpUtil.isKeepAlive(head);
        this.host = head.headers().get(HttpHeaderNames.HOST);
        this.origin = head.headers().get(HttpHeaderNames.ORIGIN);
    }

    boolean isHead() {
        return method.equals("HEAD");
    }

    /** Whether it changes something. */
    boolean isChange() {
        return method.equals("POST") || method.equals("DELETE");
    }

    Query query() {
        return Query.of(rawQuery);
    }

    /** A header that is a list, whatever number of lines it came in; null when there is none. */
    @Nullable
    String list(CharSequence name) {
        List<String> lines = head.headers().getAll(name);
        return lines.isEmpty() ? null : String.join(",", lines);
    }

    @Nullable
    String header(CharSequence name) {
        return head.headers().get(name);
    }
}
