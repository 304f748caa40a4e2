package org.kvant.engine.request;

/** The admission queue is full: try again later. */
public final class QueueFullException extends Exception {
    private final int capacity;

    public QueueFullException(int capacity) {
        super("The queue is full: " + capacity + " requests are waiting already. Try again later.");
        this.capacity = capacity;
    }

    /** How many requests may wait. */
    public int capacity() {
        return capacity;
    }
}
