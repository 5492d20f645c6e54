package dev.fanfare.rocksdb;

/** A data directory cannot be used; the message says why and what to do, in one line. */
public final class DataDirectoryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** With a message for whoever starts the node. */
    public DataDirectoryException(String message, Throwable cause) {
        super(message, cause);
    }

    /** With a message for whoever starts the node. */
    public DataDirectoryException(String message) {
        super(message);
    }
}
