package org.kvant.http;

import java.time.Duration;

/** Counts the generations being answered, so that a drain can wait for the last byte of the last one. Thread-safe. */
final class Inflight {
    private int running;
    private boolean draining;

    /** Whether a new one may begin; if so, {@link #end} must follow. */
    synchronized boolean begin() {
        if (draining) {
            return false;
        }
        running++;
        return true;
    }

    synchronized void end() {
        running--;
        notifyAll();
    }

    /** No more begin from here on. */
    synchronized void drain() {
        draining = true;
    }

    synchronized boolean draining() {
        return draining;
    }

    /** Waits until none is left; false if the time ran out. */
    synchronized boolean awaitNone(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (running > 0) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            wait(left / 1_000_000 + 1);
        }
        return true;
    }
}
