package dev.fanfare.hub;

import static dev.fanfare.hub.Logs.MUCH;
import static dev.fanfare.hub.Logs.dataOf;
import static dev.fanfare.hub.Logs.get;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads on page by page, as a cursor does. */
final class LogReader {
    final EventLog log;
    final Selection selection;
    final List<Stored> read = new ArrayList<>();
    final List<Gap> gaps = new ArrayList<>();
    long position;
    long judged = Reading.EVERY_GAP;
    boolean newest;
    int largestPage;

    LogReader(EventLog log, Selection selection, long after) {
        this.log = log;
        this.selection = selection;
        this.position = after;
    }

    Page read(int events, int bytes) {
        Page page = get(log.read(new Reading(selection, position, position, events, bytes, newest, judged)));
        @Nullable Gap gap = page.gap();
        if (gap != null) {
            gaps.add(gap);
        }
        assertThat(page.scannedTo()).isGreaterThanOrEqualTo(position);
        assertThat(page.entries())
                .allMatch(stored -> stored.position() > position && stored.position() <= page.scannedTo());
        assertThat(page.entries()).extracting(Stored::position).isSorted();
        largestPage = Math.max(largestPage, page.entries().size());
        read.addAll(page.entries());
        position = page.scannedTo();
        judged = page.judged();
        return page;
    }

    LogReader readAll(int events, int bytes) {
        Page page;
        do {
            page = read(events, bytes);
        } while (page.more());
        return this;
    }

    /** Learns of all removals without reading on. */
    void judge() {
        Page page = get(log.read(new Reading(selection, position, position, 1, MUCH, false, judged)));
        assertThat(page.gap()).isNull();
        judged = page.judged();
    }

    List<String> data() {
        return dataOf(read);
    }
}
