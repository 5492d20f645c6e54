package dev.fanfare.auth;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.MACVerifier;
import dev.fanfare.hub.EventLog;
import dev.fanfare.hub.Note;
import dev.fanfare.hub.Stored;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The keys that tickets are signed with, notes of the log. Nodes that need one at the same moment may each make one: all are good to
 * verify, and the first in the log signs.
 */
final class TicketKeys {

    static final String PREFIX = "ticket-key/";

    private static final int BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final System.Logger LOG = System.getLogger(TicketKeys.class.getName());

    private final EventLog log;
    private final Map<String, Key> keys = new ConcurrentHashMap<>();
    private @Nullable CompletableFuture<Key> making;

    /** A key; signer and verifier may be used by any thread. */
    record Key(String id, JWSSigner signer, JWSVerifier verifier, long position) {}

    TicketKeys(EventLog log) {
        this.log = log;
    }

    /** So many random bytes as text that needs no encoding anywhere. */
    static String random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    void take(Note note, long position) {
        if (!note.name().startsWith(PREFIX)) {
            return;
        }
        String id = note.name().substring(PREFIX.length());
        if (note.isRemoval()) {
            keys.remove(id);
            return;
        }
        try {
            byte[] secret = Base64.getUrlDecoder().decode(note.value());
            keys.put(id, new Key(id, new MACSigner(secret), new MACVerifier(secret), position));
        } catch (JOSEException | IllegalArgumentException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the key for tickets " + id + " is none; tickets signed with it are refused");
        }
    }

    /** The key that signs; made if there is none yet. */
    synchronized CompletionStage<Key> signing() {
        @Nullable Key first = first();
        if (first != null) {
            return CompletableFuture.completedFuture(first);
        }
        if (making == null || making.isDone()) {
            making = new CompletableFuture<>();
            make(making);
        }
        return making;
    }

    private @Nullable Key first() {
        return keys.values().stream()
                .min(Comparator.comparingLong(Key::position))
                .orElse(null);
    }

    /** This node has heard of its own key, and so of all before it, when the append completes. */
    private void make(CompletableFuture<Key> made) {
        Note key = new Note(PREFIX + random(8), random(BYTES), Long.MAX_VALUE);
        log.append(List.of(key)).whenComplete((positions, failure) -> {
            @Nullable Key first = first();
            if (failure != null) {
                made.completeExceptionally(failure);
            } else if (first == null) {
                made.completeExceptionally(new IllegalStateException("no key for tickets"));
            } else {
                made.complete(first);
            }
        });
    }

    /** A key by its id; asks the log for one that this node has not heard of yet. */
    CompletionStage<@Nullable Key> find(String id) {
        @Nullable Key known = keys.get(id);
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        return log.notes(PREFIX + id).thenApply(found -> {
            for (Stored stored : found) {
                if (stored.entry() instanceof Note note && note.name().equals(PREFIX + id)) {
                    take(note, stored.position());
                }
            }
            return keys.get(id);
        });
    }
}
