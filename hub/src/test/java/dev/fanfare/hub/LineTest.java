package dev.fanfare.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LineTest {
    private static final boolean LONG = Boolean.getBoolean("fanfare.long");

    /** Position is ten times the number, so that there is something between. */
    private record Item(long number) implements Line.Placed {
        @Override
        public long position() {
            return number * 10;
        }
    }

    @Property(tries = 300)
    void holdsWhatADequeHolds(@ForAll long seed) {
        Random random = new Random(seed);
        Line<Item> line = new Line<>();
        Deque<Item> deque = new ArrayDeque<>();
        long added = 0;
        int bias = 1 + random.nextInt(9);
        for (int step = 0; step < 1_000; step++) {
            if (step == 500) {
                bias = 10 - bias;
            }
            if (deque.isEmpty() || random.nextInt(10) < bias) {
                Item item = new Item(added++);
                line.add(item);
                deque.add(item);
            } else {
                line.removeFirst();
                deque.remove();
            }
            assertThat(line.last()).isEqualTo(added);
            assertThat(line.last() - line.first()).isEqualTo(deque.size());
            assertThat(line.newest()).isEqualTo(deque.peekLast());
            assertThat(line.get(line.first())).isEqualTo(deque.peekFirst());
            assertThat(line.get(line.first() - 1)).isNull();
            assertThat(line.get(line.last())).isNull();
            long position = random.nextLong(added * 10 + 10);
            long expected = Math.max(line.first(), Math.min(added, position / 10 + 1));
            assertThat(line.indexAfter(position)).as("after %d", position).isEqualTo(expected);
        }
    }

    @Property(tries = 300)
    void severalLinesMergeIntoOneOrder(@ForAll long seed) {
        Random random = new Random(seed);
        List<Line<Item>> lines = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            lines.add(new Line<>());
        }
        long after = random.nextInt(300);
        TreeSet<Long> expected = new TreeSet<>();
        for (int n = 0; n < 50; n++) {
            Item item = new Item(n);
            for (Line<Item> line : lines) {
                if (random.nextInt(3) == 0) {
                    line.add(item);
                    if (item.position() > after) {
                        expected.add(item.number());
                    }
                }
            }
        }
        List<Long> merged = new ArrayList<>();
        new MergedLines<>(lines, after).forEachRemaining(item -> merged.add(item.number()));
        assertThat(merged).containsExactlyElementsOf(expected);
    }

    @Test
    void aReaderFindsTheRightItemOrNoneWhileTheLineMoves() throws InterruptedException {
        Line<Item> line = new Line<>();
        AtomicReference<@Nullable String> wrong = new AtomicReference<>();
        AtomicLong found = new AtomicLong();
        long end = System.nanoTime() + (LONG ? 20_000_000_000L : 700_000_000L);
        long seed = System.nanoTime();
        System.out.println("LineTest seed " + seed);
        List<Thread> readers = new ArrayList<>();
        for (int r = 0; r < 2; r++) {
            Random random = new Random(seed + r);
            Thread reader = new Thread(() -> {
                while (System.nanoTime() < end && wrong.get() == null) {
                    long first = line.first();
                    long index = first + random.nextInt(200) - 20;
                    Item item = line.get(index);
                    if (item != null && item.number() != index) {
                        wrong.set("asked for " + index + ", got " + item.number());
                    }
                    long low = line.last();
                    Item newest = line.newest();
                    if (newest != null && newest.number() < low - 1) {
                        wrong.set("newest " + newest.number() + " when there were " + low);
                    }
                    long position = (first + random.nextInt(200)) * 10 - 5;
                    long last = line.last();
                    long number = line.indexAfter(position);
                    Item next = number < last
                            ? line.get(number)
                            : null; // one added since is after no position of that time
                    Item previous = line.get(number - 1);
                    if (next != null && next.position() <= position
                            || previous != null && previous.position() > position) {
                        wrong.set("index after " + position + " was " + number);
                    }
                    if (item != null) {
                        found.incrementAndGet();
                    }
                }
            });
            readers.add(reader);
            reader.start();
        }
        Random random = new Random(seed);
        long added = 0;
        long size = 0;
        while (System.nanoTime() < end && wrong.get() == null) {
            long target = random.nextInt(200);
            while (size < target) {
                line.add(new Item(added++));
                size++;
            }
            while (size > target) {
                line.removeFirst();
                size--;
            }
        }
        for (Thread reader : readers) {
            reader.join();
        }
        assertThat(wrong.get()).isNull();
        assertThat(found.get()).as("items found").isPositive();
    }
}
