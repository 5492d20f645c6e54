package dev.fanfare.hub;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An entry in the window: a publication with its frames, a fact about a topic, or the mere place of a note. */
final class WindowEntry implements Line.Placed {

    private static final int FACT = 100;

    private final long position;
    private final @Nullable Publication publication;
    private final @Nullable Entry fact;
    private volatile @Nullable Frame plain;
    private volatile @Nullable Frame withTopic;
    private volatile @Nullable Frame envelope;
    private volatile @Nullable Frame withAlso;
    private boolean gone;

    WindowEntry(Stored stored) {
        this.position = stored.position();
        this.publication = stored.entry() instanceof Publication event ? event : null;
        this.fact = publication == null && !(stored.entry() instanceof Note) ? stored.entry() : null;
    }

    @Override
    public long position() {
        return position;
    }

    @Nullable
    Publication publication() {
        return publication;
    }

    /** What this entry says of a topic, if it does. */
    @Nullable
    Entry fact() {
        return fact;
    }

    /** The topics whose history it belongs to. */
    List<Topic> topics() {
        if (publication != null) {
            return publication.topics();
        }
        return fact instanceof TopicEnded end ? List.of(end.topic()) : List.of();
    }

    /** This event in a form; encoded when first asked for, by whichever thread that is. */
    Frame frame(Form asked, Window window) {
        Form form = asked == Form.ALSO && topics().size() < 2 ? Form.TOPIC : asked;
        Frame frame = made(form);
        return frame == null ? make(form, window) : frame;
    }

    private @Nullable Frame made(Form form) {
        return switch (form) {
            case PLAIN -> plain;
            case TOPIC -> withTopic;
            case ENVELOPE -> envelope;
            case ALSO -> withAlso;
        };
    }

    private synchronized Frame make(Form form, Window window) {
        Frame frame = made(form);
        if (frame != null) {
            return frame;
        }
        Publication event = publication;
        if (event == null) {
            throw new IllegalStateException(Position.text(position) + " is no event");
        }
        frame = window.encode(form, event, position);
        switch (form) {
            case PLAIN -> plain = frame;
            case TOPIC -> withTopic = frame;
            case ENVELOPE -> envelope = frame;
            case ALSO -> withAlso = frame;
        }
        if (!gone) {
            window.occupy(Frame.size(frame));
        }
        return frame;
    }

    /** The entry leaves the window; returns what it has occupied there. What is made of it from now on does not count. */
    synchronized int leave() {
        gone = true;
        return weight() + Frame.size(plain) + Frame.size(withTopic) + Frame.size(envelope) + Frame.size(withAlso);
    }

    /** What it occupies without frames. */
    int weight() {
        return publication == null ? FACT : publication.weight();
    }
}
