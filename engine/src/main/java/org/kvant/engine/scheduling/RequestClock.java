package org.kvant.engine.scheduling;

import org.kvant.engine.request.Timings;

/** When a request came to what, by {@link System#nanoTime()}. Belongs to the decode thread, but for what is final. */
final class RequestClock {
    final long submitNanos = System.nanoTime();
    /** When it is given up; only if it is timed. */
    private final long deadline;

    private final boolean timed;
    private boolean started;
    private long startNanos;
    private long prefillNanos;
    private long firstTokenNanos;
    private long lastTokenNanos;

    /** @param timeoutNanos from now on; {@link Long#MAX_VALUE} for none */
    RequestClock(long timeoutNanos) {
        timed = timeoutNanos != Long.MAX_VALUE;
        deadline = timed ? submitNanos + timeoutNanos : 0;
    }

    /** {@link Long#MAX_VALUE} without a timeout. */
    long nanosToDeadline(long now) {
        return timed ? deadline - now : Long.MAX_VALUE;
    }

    boolean started() {
        return started;
    }

    long startNanos() {
        return startNanos;
    }

    /**
     * It has a sequence for the first time.
     *
     * @return nanoseconds that it waited
     */
    long start() {
        started = true;
        startNanos = System.nanoTime();
        return startNanos - submitNanos;
    }

    /**
     * Its prompt is computed.
     *
     * @return nanoseconds that this took
     */
    long prefilled() {
        prefillNanos = System.nanoTime() - startNanos;
        return prefillNanos;
    }

    /**
     * A token was sampled.
     *
     * @return nanoseconds since the one before; since the submission for the first
     */
    long token() {
        long now = System.nanoTime();
        long since = firstTokenNanos == 0 ? submitNanos : lastTokenNanos;
        if (firstTokenNanos == 0) {
            firstTokenNanos = now;
        }
        lastTokenNanos = now;
        return now - since;
    }

    Timings timings(long now) {
        return new Timings(
                started ? startNanos - submitNanos : now - submitNanos,
                prefillNanos,
                firstTokenNanos == 0 ? 0 : now - firstTokenNanos,
                now - submitNanos);
    }
}
