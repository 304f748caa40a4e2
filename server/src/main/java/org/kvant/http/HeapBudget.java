package org.kvant.http;

import java.util.concurrent.atomic.AtomicLong;

/** Java memory that all answers under way may take together. Thread-safe. */
final class HeapBudget {
    private final long total;
    private final AtomicLong reserved = new AtomicLong();

    /** @param total bytes */
    HeapBudget(long total) {
        this.total = total;
    }

    long total() {
        return total;
    }

    /**
     * Takes some of it.
     *
     * @return false if there isn't as much just now; nothing is taken then
     */
    boolean tryReserve(long bytes) {
        long before = reserved.get();
        while (before + bytes <= total) {
            if (reserved.compareAndSet(before, before + bytes)) {
                return true;
            }
            before = reserved.get();
        }
        return false;
    }

    /** Gives back what was reserved. */
    void release(long bytes) {
        reserved.addAndGet(-bytes);
    }
}
