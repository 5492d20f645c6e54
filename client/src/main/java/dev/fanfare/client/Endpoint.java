package dev.fanfare.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Where requests go, by which HTTP client, and with which headers of the user's own.
 *
 * @param headers sent with every request to the origin of the URI
 * @param moreHeaders asked for each request and sent besides, over those of the same name
 */
record Endpoint(
        URI uri,
        Map<String, String> headers,
        Supplier<Map<String, String>> moreHeaders,
        HttpClient http,
        HttpClient.Version version) {

    /**
     * A request to that URI. The user's headers, credentials among them, go to the endpoint's own origin only, whatever a redirect
     * says.
     */
    HttpRequest.Builder request(URI to) {
        HttpRequest.Builder request = HttpRequest.newBuilder(to).version(version);
        if (isOwnOrigin(to)) {
            headers.forEach(request::setHeader);
            moreHeaders.get().forEach(request::setHeader);
        }
        return request;
    }

    private boolean isOwnOrigin(URI to) {
        return uri.getScheme().equalsIgnoreCase(to.getScheme())
                && uri.getAuthority().equalsIgnoreCase(to.getAuthority());
    }

    /** The base URI with a path and query, both encoded already, after what path it has. */
    static URI below(URI base, String pathAndQuery) {
        String path = base.getRawPath() == null ? "" : base.getRawPath();
        int end = path.endsWith("/") ? path.length() - 1 : path.length();
        return URI.create(base.getScheme() + "://" + base.getRawAuthority() + path.substring(0, end) + pathAndQuery);
    }

    /** The URI with one more query parameter. */
    static URI withParameter(URI uri, String name, String value) {
        String query = uri.getRawQuery() == null ? "?" : "?" + uri.getRawQuery() + "&";
        return URI.create(uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath() + query + name + "="
                + Percent.encode(value));
    }

    /** Refuses what java.net.http could not ask. */
    static URI requireHttp(URI uri) {
        String scheme = uri.getScheme();
        if (scheme == null
                || !(scheme.equalsIgnoreCase("http") || scheme.equalsIgnoreCase("https"))
                || uri.getHost() == null) {
            throw new IllegalArgumentException("uri: " + uri + " (expected: http://host... or https://host...)");
        }
        return uri;
    }

    /** Refuses a header that java.net.http would refuse later. */
    static void requireHeader(String name, String value) {
        HttpRequest.newBuilder().header(name, value);
    }
}
