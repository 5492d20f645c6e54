package dev.fanfare.auth;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Tokens that were verified or are being verified, by their hash, so that each is verified once; those used longest ago make room.
 * Thread-safe; its lock is held for one look-up.
 */
final class TokenCache {

    private final int mostTokens;
    private final long mostChars;
    private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    private long chars;

    /** One with room for so many tokens, of so many characters together. */
    TokenCache(int mostTokens, long mostChars) {
        this.mostTokens = mostTokens;
        this.mostChars = mostChars;
    }

    /** The outcome for this token if there is one and it still holds at {@code now}; else puts this one there, and returns null. */
    synchronized @Nullable CompletableFuture<Caller> putIfAbsent(
            String hash, int length, CompletableFuture<Caller> outcome, long now) {
        Entry entry = entries.get(hash);
        if (entry != null && entry.holds(now)) {
            return entry.outcome;
        }
        remove(hash);
        entries.put(hash, new Entry(outcome, length));
        chars += length;
        Iterator<Map.Entry<String, Entry>> eldest = entries.entrySet().iterator();
        while (entries.size() > mostTokens || chars > mostChars) {
            chars -= eldest.next().getValue().length;
            eldest.remove();
        }
        return null;
    }

    /** Forgets a token that was refused. */
    synchronized void remove(String hash, CompletableFuture<Caller> outcome) {
        Entry entry = entries.get(hash);
        if (entry != null && entry.outcome == outcome) {
            remove(hash);
        }
    }

    /** Forgets all. */
    synchronized void clear() {
        entries.clear();
        chars = 0;
    }

    synchronized int size() {
        return entries.size();
    }

    private void remove(String hash) {
        Entry entry = entries.remove(hash);
        if (entry != null) {
            chars -= entry.length;
        }
    }

    private record Entry(CompletableFuture<Caller> outcome, int length) {

        boolean holds(long now) {
            return !outcome.isDone()
                    || !outcome.isCompletedExceptionally() && outcome.join().until() > now;
        }
    }
}
