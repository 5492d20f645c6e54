package dev.fanfare.server;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A file that a node gives to browsers, out of its jar. It is held in memory as it is sent, plain and compressed, and a client asks
 * each time whether it is still the same.
 */
final class StaticFile {

    private static final String JAVASCRIPT = "text/javascript; charset=utf-8";

    private static final Map<String, StaticFile> ALL = Stream.of(
                    "/fanfare.js", "/fanfare-shared.js", "/fanfare-topics.js")
            .collect(Collectors.toUnmodifiableMap(Function.identity(), StaticFile::new));

    private final byte[] plain;
    private final byte[] compressed;
    private final String tag;

    private StaticFile(String path) {
        try (InputStream file = StaticFile.class.getResourceAsStream("web" + path)) {
            if (file == null) {
                throw new IllegalStateException("web" + path + " is missing in this build");
            }
            plain = file.readAllBytes();
            compressed = compress(plain);
            tag = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(plain), 0, 8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] compress(byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(plain);
        }
        return bytes.toByteArray();
    }

    /** The file at this path; null if there is none. */
    static @Nullable StaticFile at(String path) {
        return ALL.get(path);
    }

    /** The file, or 304 for a client that has it. */
    ByteBuf answer(Exchange exchange) {
        boolean zipped = takesGzip(exchange.request.list(HttpHeaderNames.ACCEPT_ENCODING));
        String entity = "\"" + tag + (zipped ? "-gzip\"" : "\"");
        String known = exchange.request.list(HttpHeaderNames.IF_NONE_MATCH);
        boolean same = known != null && (known.contains(entity) || known.trim().equals("*"));
        Response response = exchange.response(same ? 304 : 200)
                .header("Cache-Control", "no-cache")
                .header("Vary", "Accept-Encoding")
                .header("ETag", entity);
        if (same) {
            return response.empty();
        }
        if (zipped) {
            response.header("Content-Encoding", "gzip");
        }
        return response.header("X-Content-Type-Options", "nosniff").with(zipped ? compressed : plain, JAVASCRIPT);
    }

    private static boolean takesGzip(@Nullable String accepted) {
        if (accepted == null) {
            return false;
        }
        for (String coding : accepted.replaceAll("[ \t]", "").split(",")) {
            if (coding.regionMatches(true, 0, "gzip", 0, 4)) {
                return coding.length() == 4 || !coding.substring(4).matches(";q=0(\\.0*)?");
            }
        }
        return false;
    }
}
