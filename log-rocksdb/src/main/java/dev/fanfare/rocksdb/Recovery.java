package dev.fanfare.rocksdb;

import dev.fanfare.hub.Position;
import dev.fanfare.hub.Retention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** What a start does with what it finds: opens what is whole of it, and says what of that which had been given out is not there. */
final class Recovery {

    private static final System.Logger LOG = System.getLogger(RocksLog.class.getName());

    private Recovery() {}

    /** Opens what is there when the process starts. */
    static Opened start(DataDirectory directory, Retention retention, Keys keys, Mark.Past past, long now)
            throws RocksDBException, IOException {
        Store store = open(directory);
        try {
            Opened opened = Opened.of(store, State.load(store, retention, now), keys);
            judge(directory, opened.state(), past, now);
            return opened;
        } catch (RocksDBException e) {
            if (!isDamage(e)) {
                store.close();
                throw e;
            }
            Store rescued = rescue(directory, store, e);
            State state = State.load(rescued, retention, now);
            state.lost(Math.max(state.tail(), past.committed()));
            return Opened.of(rescued, state, keys);
        } catch (RuntimeException e) {
            store.close();
            throw e;
        }
    }

    /**
     * Opens it again, after it was closed, while there are readers of what it was.
     *
     * @param damage what could not be read of it, or null
     */
    static Opened restart(
            DataDirectory directory,
            Retention retention,
            Keys keys,
            State before,
            @Nullable RocksDBException damage,
            long now)
            throws RocksDBException, IOException {
        Store store = open(directory);
        try {
            if (damage != null) {
                store = rescue(directory, store, damage);
            }
            State state = State.reload(store, retention, now, before);
            if (damage != null) {
                state.lost(before.tail());
            }
            return Opened.of(store, state, keys);
        } catch (RocksDBException | IOException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    /** Opens the store; of a damaged one what is whole, with the rest kept aside. */
    private static Store open(DataDirectory directory) throws RocksDBException, IOException {
        if (RecordTypes.restore(directory.database()) > 0) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the log in " + directory + " is damaged: records of a type that it has not");
        }
        try {
            return Store.open(directory.database());
        } catch (RocksDBException e) {
            if (!isDamage(e)) {
                throw e; // a full disk, say
            }
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the log in " + directory + " is damaged (" + e.getMessage() + "); opening what is whole of it");
        }
        try {
            return Store.salvage(directory.database(), directory.aside());
        } catch (RocksDBException e) {
            if (!isDamage(e)) {
                throw e;
            }
            Path aside = directory.aside();
            LOG.log(
                    System.Logger.Level.ERROR,
                    "nothing of the log in " + directory + " can be opened (" + e.getMessage() + "); it is kept in "
                            + aside + ", and the log begins anew");
            Files.move(directory.database(), aside.resolve("db"));
            return Store.open(directory.database());
        }
    }

    static boolean isDamage(RocksDBException failure) {
        return failure.getStatus() != null && failure.getStatus().getCode() == Status.Code.Corruption
                || String.valueOf(failure.getMessage()).contains("No such file");
    }

    /** Puts a new store with all that can be read in the place of one that has a damaged block. */
    private static Store rescue(DataDirectory directory, Store damaged, RocksDBException damage)
            throws RocksDBException, IOException {
        LOG.log(
                System.Logger.Level.WARNING,
                "the log in " + directory + " is damaged (" + damage.getMessage()
                        + "); all that can be read of it is moved to a new file");
        Path aside = Rescue.replace(directory, damaged);
        LOG.log(
                System.Logger.Level.WARNING,
                "the log in " + directory
                        + " goes on with what could be read of it, and clients that come back are told "
                        + "log-lost; what it was is kept in " + aside + ", which may be deleted");
        return Store.open(directory.database());
    }

    /** Compares what was found with what was known to be there. */
    private static void judge(DataDirectory directory, State state, Mark.Past past, long now) {
        long found = state.tail();
        boolean unknown = past.committed() == 0 && !past.closed();
        if (state.isNew() && !unknown) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the log in " + directory + " has lost what it knew of itself, and had come to "
                            + Position.text(past.committed())
                            + "; clients that had seen anything of it are told log-lost");
        }
        if (state.isNew() && unknown || past.closed() && past.committed() <= found) {
            return;
        }
        boolean powerLost = !past.sameBoot() && !past.synced();
        if (past.committed() <= found && !powerLost) {
            return;
        }
        // what was given out last is not known if the machine has started anew: nothing up to now can be relied on
        long lost = Math.max(past.committed(), found);
        if (powerLost) {
            lost = Math.max(lost, Position.of(now, 0));
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "the log in " + directory + (past.closed() ? " was closed" : " was not closed")
                        + ", and entries after " + Position.text(found)
                        + " may be lost"
                        + (powerLost
                                ? " (the machine has started anew since)"
                                : ": it had come to " + Position.text(past.committed()))
                        + "; clients that had seen more are told log-lost");
        state.lost(lost);
    }
}
