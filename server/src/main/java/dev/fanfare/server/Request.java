package dev.fanfare.server;

import dev.fanfare.http.Query;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A request's head, taken apart as far as routing needs it. */
final class Request {

    private static final Pattern ABSOLUTE = Pattern.compile("(?i:https?)://([^/?]*)(.*)");

    final HttpRequest head;
    final String method;
    /** The raw path, without the query. */
    final String path;

    final String rawQuery;
    final boolean keepAlive;
    final boolean http11;
    /** Of the target if it names one, else of the header. */
    final @Nullable String host;

    final @Nullable String origin;
    private @Nullable Query query;

    Request(HttpRequest head) {
        this.head = head;
        this.method = head.method().name();
        String target = head.uri();
        String named = head.headers().get(HttpHeaderNames.HOST);
        if (!target.startsWith("/")) {
            Matcher absolute = ABSOLUTE.matcher(target);
            if (absolute.matches()) {
                named = absolute.group(1);
                target = absolute.group(2).startsWith("/") ? absolute.group(2) : "/" + absolute.group(2);
            }
        }
        int question = target.indexOf('?');
        this.path = question < 0 ? target : target.substring(0, question);
        this.rawQuery = question < 0 ? "" : target.substring(question + 1);
        this.http11 = head.protocolVersion().compareTo(HttpVersion.HTTP_1_1) >= 0;
        this.keepAlive = head.protocolVersion().majorVersion() == 1 && HttpUtil.isKeepAlive(head);
        this.host = named;
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
        if (query == null) {
            query = Query.of(rawQuery);
        }
        return query;
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
