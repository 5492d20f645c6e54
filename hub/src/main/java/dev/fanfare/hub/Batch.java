package dev.fanfare.hub;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Frames that go out in one write, shared by all cursors that want the same. Confined to the loop that made it, but for {@link
 * #writeTo}, which any thread may call.
 */
public final class Batch {

    private final List<Frame> frames;
    private final long[] positions;
    private final boolean divisible;
    private final boolean last;
    private final int bytes;
    private final long to;
    private @Nullable Carrier carrier;

    /** What a transport made of a batch; released when the loop is done with the batch. */
    public interface Carrier {
        /** The batch is not written any more. */
        void release();
    }

    /**
     * Frames and their positions; nothing else that is wanted comes up to {@code to}.
     *
     * @param divisible whether a sink may take only the first frames; not where something was said of all of them
     */
    Batch(List<Frame> frames, long[] positions, long to, boolean divisible) {
        this(frames, positions, to, divisible, false);
    }

    /** As above, and whether a reader that has taken all of it gets no more. */
    Batch(List<Frame> frames, long[] positions, long to, boolean divisible, boolean last) {
        this.frames = frames;
        this.last = last;
        this.divisible = divisible && positions.length > 1;
        this.positions = positions;
        this.to = to;
        int sum = 0;
        for (int i = 0; i < frames.size(); i++) {
            sum += frames.get(i).bytes().length;
        }
        this.bytes = sum;
    }

    /** Frames without a place in the log: comments, and what the hub itself says. A sink takes all of them. */
    static Batch unplaced(List<Frame> frames) {
        return new Batch(frames, new long[0], 0, false);
    }

    /** The frames in order. */
    public List<Frame> frames() {
        return frames;
    }

    /** The sum of their framed bytes. */
    public int bytes() {
        return bytes;
    }

    /** The framed bytes of the first frames. */
    int bytes(int first) {
        int sum = bytes;
        for (int i = frames.size() - 1; i >= first; i--) {
            sum -= frames.get(i).bytes().length;
        }
        return sum;
    }

    /** The position a reader has reached with this batch. */
    long to() {
        return to;
    }

    /** Whether a reader that has taken all of it gets no more. */
    boolean isLast() {
        return last;
    }

    /** The position of a frame. */
    long position(int frame) {
        return positions[frame];
    }

    /** Whether a sink may take only the first frames. */
    public boolean divisible() {
        return divisible;
    }

    /** What the transport attached, or null. */
    public @Nullable Carrier carrier() {
        return carrier;
    }

    /** Attaches what the transport shares among the sinks of this batch. */
    public void attach(Carrier newCarrier) {
        carrier = newCarrier;
    }

    void release() {
        if (carrier != null) {
            carrier.release();
            carrier = null;
        }
    }

    /** Writes the text of the event stream, without framing. */
    public void writeTo(OutputStream out) throws IOException {
        for (Frame frame : frames) {
            out.write(frame.bytes(), frame.from(), frame.to() - frame.from());
        }
    }
}
