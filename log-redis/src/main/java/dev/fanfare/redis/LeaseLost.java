package dev.fanfare.redis;

/** An append came under a lease that another node has taken since; nothing of it was stored. */
final class LeaseLost extends RuntimeException {

    private static final long serialVersionUID = 1L;

    LeaseLost() {
        super("another node bridges the channels now", null, false, false);
    }
}
