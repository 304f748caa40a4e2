package org.kvant.engine.cost;

/**
 * How many prompt tokens one step computes, whatever the model and machine: from the measured time of a prompt token, smoothed. Beside running streams as
 * many as take {@code targetNanos}, or up to {@value #MOST} times as many where many wait for their first token and few for their next one: the step holds
 * up the latter and is progress for the former, and ggml computes long pieces faster. Not thread-safe.
 */
public final class PromptBudget {
    /** Fewer prompt tokens than this aren't worth a pass over the weights. */
    public static final int MINIMUM = 32;

    private static final double SMOOTHING = 0.3;
    /** A step takes at most so many times the target, so that who comes next soon has a turn. */
    private static final int MOST = 4;
    /** Of someone who waits for a first token, beside someone who waits for the next one. */
    private static final int WEIGHT = 3;
    /** Guessed before the first measurement, in nanoseconds. */
    private static final double UNKNOWN = 1e6;

    private final int maximum;
    private final long targetNanos;
    private double nanosPerToken;

    public PromptBudget(int maximum, long targetNanos) {
        this.maximum = maximum;
        this.targetNanos = targetNanos;
    }

    /**
     * Learns from a step; those with few prompt tokens say little about them and are left out.
     *
     * @param nanos what they took, beyond the streams' tokens
     */
    public void measured(int promptTokens, long nanos) {
        if (promptTokens < MINIMUM) {
            return;
        }
        double sample = (double) nanos / promptTokens;
        nanosPerToken = nanosPerToken == 0 ? sample : nanosPerToken + SMOOTHING * (sample - nanosPerToken);
    }

    /** The most prompt tokens of a step beside streams, however fast they are. */
    public int maximum() {
        return maximum;
    }

    /** What a prompt token takes; 0 if that isn't known yet. */
    public double nanosPerToken() {
        return nanosPerToken;
    }

    /**
     * Tokens for the next step.
     *
     * @param streams that wait for their next token
     * @param prompts that wait to be computed
     * @param room tokens that fit into the batch
     */
    public int tokens(int streams, int prompts, int room) {
        if (streams == 0) {
            return nanosPerToken == 0 ? Math.min(room, maximum) : fitting(MOST * targetNanos, room);
        }
        int most = Math.min(room, maximum);
        if (nanosPerToken == 0) {
            return Math.min(most, MOST * MINIMUM);
        }
        double waiting = Math.clamp((double) WEIGHT * prompts / streams, 1, MOST);
        return fitting((long) (waiting * targetNanos), most);
    }

    private int fitting(long nanos, int most) {
        return (int) Math.clamp((long) (nanos / nanosPerToken), Math.min(MINIMUM, most), most);
    }

    /** Whether a step beside streams may have so many, if they compute faster together. */
    public boolean allows(int tokens) {
        return tokens <= maximum && nanos(tokens) <= MOST * targetNanos;
    }

    /** What so many prompt tokens take. */
    public long nanos(int tokens) {
        return (long) (tokens * (nanosPerToken == 0 ? UNKNOWN : nanosPerToken));
    }
}
