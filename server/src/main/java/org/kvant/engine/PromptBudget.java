package org.kvant.engine;

/**
 * How many prompt tokens may ride along with running streams, so that a step takes about {@code targetNanos} whatever the model and machine:
 * from the measured time of a prompt token, smoothed. Not thread-safe.
 */
final class PromptBudget {
    /** Fewer prompt tokens than this aren't worth a pass over the weights. */
    static final int MINIMUM = 32;

    private static final double SMOOTHING = 0.3;

    private final int maximum;
    private final long targetNanos;
    private double nanosPerToken;

    PromptBudget(int maximum, long targetNanos) {
        this.maximum = maximum;
        this.targetNanos = targetNanos;
    }

    /** Learns from a step; those with few prompt tokens say little about them and are left out. */
    void measured(int promptTokens, long nanos) {
        if (promptTokens < MINIMUM) {
            return;
        }
        double sample = (double) nanos / promptTokens;
        nanosPerToken = nanosPerToken == 0 ? sample : nanosPerToken + SMOOTHING * (sample - nanosPerToken);
    }

    /** What a prompt token takes; 0 if that isn't known yet. */
    double nanosPerToken() {
        return nanosPerToken;
    }

    /** Tokens for the next step beside streams. */
    int tokens() {
        if (nanosPerToken == 0) {
            return Math.min(maximum, 4 * MINIMUM);
        }
        long fitting = (long) (targetNanos / nanosPerToken);
        return (int) Math.clamp(fitting, Math.min(MINIMUM, maximum), maximum);
    }
}
