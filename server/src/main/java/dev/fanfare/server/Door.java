package dev.fanfare.server;

/** Which of a node's ports a request came in by, and so what is behind it. */
enum Door {
    /** The only one: all. */
    ONLY,
    /** The public one of two: all but what is the operator's. */
    PUBLIC,
    /** The operator's. */
    ADMIN
}
