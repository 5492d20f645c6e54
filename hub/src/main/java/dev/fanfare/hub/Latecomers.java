package dev.fanfare.hub;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Streams that begin when all their topics have ended. Nothing comes to them that could end them, so the log is asked; they are live
 * meanwhile, and wait neither for its answer nor for it to have one. Confined to the loop's thread.
 */
final class Latecomers {

    private final Loop loop;
    private final EventLog log;
    private final CatchUp catchUp;

    Latecomers(Loop loop, EventLog log, CatchUp catchUp) {
        this.loop = loop;
        this.log = log;
        this.catchUp = catchUp;
    }

    /** A stream begins after this position. */
    void begins(Cursor cursor, long position) {
        if (cursor.gone || position == Position.START || !cursor.audience.selection.canEnd()) {
            return;
        }
        loop.ask(() -> end(cursor.audience.selection, position), (end, failure) -> {
            if (cursor.gone) {
                return;
            }
            if (end == null) {
                catchUp.retry(() -> begins(cursor, position));
            } else {
                end.ifPresent(page -> tell(cursor, page));
            }
        });
    }

    /** The end that lies not after a position and after which nothing of the selection comes. */
    private CompletionStage<Optional<Page>> end(Selection selection, long position) {
        return log.ended(selection).thenCompose(end -> {
            if (end == Position.START || end > position) {
                return CompletableFuture.completedFuture(Optional.empty());
            }
            Reading theEnd = new Reading(selection, end - 1, Long.MAX_VALUE, 1, 1, false, Reading.NO_GAP);
            return Page.read(log, theEnd).thenApply(page -> Optional.of(page).filter(Page::isLast));
        });
    }

    private void tell(Cursor cursor, Page end) {
        if (cursor.beginning != null || !cursor.sink.writable()) {
            catchUp.retry(() -> {
                if (!cursor.gone) {
                    tell(cursor, end);
                }
            });
            return;
        }
        Batch batch = catchUp.batch(cursor.form, end, false);
        loop.traffic().delivered(cursor.write(batch));
        batch.release();
        loop.over(cursor, EndCause.TOPIC_ENDED);
    }
}
