package dev.fanfare.redis;

import dev.fanfare.hub.Stored;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** What a script answered: texts, numbers, and lists of them. */
record Reply(List<?> parts) {

    private static final HexFormat HEX = HexFormat.of();

    /** A position as the scripts write it: 16 hexadecimal digits, which sort as the positions do. */
    static String hex(long position) {
        return HEX.toHexDigits(position);
    }

    static long position(String hex) {
        return Long.parseLong(hex, 16);
    }

    int size() {
        return parts.size();
    }

    String text(int part) {
        return String.valueOf(parts.get(part));
    }

    long number(int part) {
        return parts.get(part) instanceof Long number ? number : Long.parseLong(text(part));
    }

    long position(int part) {
        return position(text(part));
    }

    Reply list(int part) {
        return new Reply((List<?>) parts.get(part));
    }

    /** The entries that are the parts from this one on. */
    List<Stored> entries(int from) {
        List<Stored> entries = new ArrayList<>(Math.max(0, size() - from));
        for (int i = from; i < size(); i++) {
            Reply entry = list(i);
            entries.add(Entries.decode(
                    entry.position(0),
                    entry.text(1),
                    entry.text(2),
                    entry.text(3),
                    entry.text(4),
                    entry.text(5),
                    entry.text(6)));
        }
        return entries;
    }
}
