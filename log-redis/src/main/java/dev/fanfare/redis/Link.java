package dev.fanfare.redis;

/**
 * A place in the chain of entries.
 *
 * @param position of the entry
 * @param tag of the call that gave the position, since a server that has lost its end may give a position twice
 */
record Link(long position, String tag) {

    /** Before all. */
    static final Link NONE = new Link(0, "");

    private static final String UNTAGGED = "0000";
    private static final int POSITION_END = 16;
    private static final int BEFORE_END = 20;

    /** Where a server began, at first or after it had lost entries. */
    static Link birth(long position) {
        return new Link(position, UNTAGGED);
    }

    boolean isBirth() {
        return tag.equals(UNTAGGED);
    }

    /** The place before an entry, which it carries: that position, its tag, the entry's own tag. */
    static Link before(String carried) {
        return new Link(
                Reply.position(carried.substring(0, POSITION_END)), carried.substring(POSITION_END, BEFORE_END));
    }

    /** The place of an entry that carries this. */
    static Link of(long position, String carried) {
        return new Link(position, carried.substring(BEFORE_END));
    }
}
