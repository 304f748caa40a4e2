package org.kvant.engine.cost;

import java.util.function.IntPredicate;

/**
 * What decodes without prompts take by their number of tokens, as measured. Not a line: ggml computes four rows at a time, so that two tokens may take
 * twice the time of one and sixteen only seven times. Each size has a cost of its own, those never or not lately tried are guessed from their neighbours, rather too cheap: then
 * they are tried. What makes all sizes dearer, as a longer context does, is kept apart and known from whichever size comes. Belongs to the decode thread.
 */
public class StepCosts {
    /** The unit of ggml's repacked CPU kernels ({@code forward_mul_mat_one_chunk} in ggml-cpu/repack.cpp). */
    public static final int ROWS = 4;
    /** Larger decodes are counted as this one and in proportion. */
    static final int LARGEST = 64;

    /** What a further token costs where nothing is known, in decodes of one token. On a machine with much arithmetic for its memory it is less. */
    private static final double GUESS = 0.25;

    private static final double LEVEL_SMOOTHING = 0.1;
    private static final double SIZE_SMOOTHING = 0.15;
    /** A decode can be filled up to one that is larger by so many rows. */
    private static final int NEAR = 7;
    /** Decodes until a size that hasn't come up is tried again: soon at first, while the JVM still compiles, then ever more rarely. */
    private static final int FIRST_PATIENCE = 8;

    private static final int LAST_PATIENCE = 4096;
    /** A pause of the machine isn't the price of a size. */
    private static final double OUTLIER = 4;

    /** The first ones may be slow, as buffers are new; a size that seems dear for that reason would never be tried again. Until then the shortest counts. */
    private static final int ENOUGH_SAMPLES = 3;

    /** By tokens: cost in units of {@link #level}; 0 where nothing was measured. */
    private final double[] costs = new double[LARGEST + 1];

    private final int[] samples = new int[LARGEST + 1];

    /** By tokens: when what is known gets old, and how many decodes that takes; it is longer each time that a size is tried again. */
    private final long[] due = new long[LARGEST + 1];

    private final int[] patience = new int[LARGEST + 1];
    /** Decodes measured. */
    private long clock;

    private double level = 1;

    /** @param tokens of a decode that held no prompt */
    public void measured(int tokens, long nanos) {
        if (tokens < 1 || tokens > LARGEST || nanos <= 0) {
            return;
        }
        if (!known()) {
            level = nanos;
        }
        clock++;
        if (!fresh(tokens)) {
            sample(tokens, nanos / level);
            return;
        }
        due[tokens] = clock + patience[tokens];
        double surprise = Math.clamp(nanos / (level * costs[tokens]), 1 / OUTLIER, OUTLIER);
        level *= Math.pow(surprise, LEVEL_SMOOTHING);
        costs[tokens] *= Math.pow(surprise, SIZE_SMOOTHING);
    }

    private void sample(int tokens, double cost) {
        if (samples[tokens] == ENOUGH_SAMPLES) {
            samples[tokens] = 0;
        }
        costs[tokens] = samples[tokens] == 0 ? cost : Math.min(costs[tokens], cost);
        samples[tokens]++;
        if (samples[tokens] == ENOUGH_SAMPLES) {
            patience[tokens] = Math.clamp(2 * patience[tokens], FIRST_PATIENCE, LAST_PATIENCE);
            due[tokens] = clock + patience[tokens];
        }
    }

    /** Whether enough is known of it, and not only from long ago. */
    private boolean fresh(int tokens) {
        return samples[tokens] >= ENOUGH_SAMPLES && clock <= due[tokens];
    }

    /** Whether there was any. */
    public boolean measured() {
        return known();
    }

    private boolean known() {
        for (double cost : costs) {
            if (cost > 0) {
                return true;
            }
        }
        return false;
    }

    /** Expected time of a decode, in nanoseconds; in units of a decode of one token if nothing has been measured. */
    public double nanos(int tokens) {
        if (tokens > LARGEST) {
            return nanos(LARGEST) * tokens / LARGEST;
        }
        if (fresh(tokens)) {
            return level * atMost(tokens);
        }
        double guessed = guessed(tokens);
        return costs[tokens] > 0 ? Math.min(level * costs[tokens], guessed) : guessed;
    }

    /** From the nearest sizes of which enough is known, else of which anything is. */
    private double guessed(int tokens) {
        int below = nearest(tokens, -1, this::fresh);
        int above = nearest(tokens, 1, this::fresh);
        if (below == 0 && above > LARGEST) {
            below = nearest(tokens, -1, size -> costs[size] > 0);
            above = nearest(tokens, 1, size -> costs[size] > 0);
        }
        return between(tokens, below, above);
    }

    /** The first such size in one direction; 0 or more than {@link #LARGEST} if there is none. */
    private static int nearest(int tokens, int step, IntPredicate usable) {
        int size = tokens;
        while (size > 0 && size <= LARGEST && !usable.test(size)) {
            size += step;
        }
        return size;
    }

    /** @param below 0, and {@code above} more than {@link #LARGEST}, for none */
    private double between(int tokens, int below, int above) {
        boolean bounded = above <= LARGEST;
        if (below == 0) {
            return bounded ? level * costs[above] * guess(tokens) / guess(above) : guess(tokens);
        }
        double further = costs[below] * guess(tokens) / guess(below);
        if (bounded) {
            double between = costs[below] + (costs[above] - costs[below]) * (tokens - below) / (above - below);
            further = Math.min(further, Math.max(costs[below], between));
        }
        return level * further;
    }

    /** A measured cost; one that seems dearer than a larger decode was measured in a bad moment, or would be filled up to that. */
    private double atMost(int tokens) {
        double cost = costs[tokens];
        for (int larger = tokens + 1; larger <= Math.min(LARGEST, tokens + NEAR); larger++) {
            if (fresh(larger)) {
                cost = Math.min(cost, costs[larger]);
            }
        }
        return cost;
    }

    /**
     * Whether a decode of {@code filled} rows is faster than one of {@code rows}, though it does more. Sizes that are not known are tried; for those
     * too large to be known what others with as many rows over say.
     *
     * @param filled the next multiple of {@code step}
     */
    public boolean fillingPays(int rows, int filled, int step) {
        if (filled <= LARGEST) {
            if (!fresh(filled)) {
                return true;
            }
            return fresh(rows) && costs[filled] < costs[rows];
        }
        double gain = 0;
        for (int other = rows % step + step; other <= LARGEST; other += step) {
            int up = other + filled - rows;
            if (up <= LARGEST && samples[other] >= ENOUGH_SAMPLES && samples[up] >= ENOUGH_SAMPLES) {
                gain += costs[other] - costs[up];
            }
        }
        return gain >= 0;
    }

    private static double guess(int tokens) {
        return 1 + GUESS * (tokens - 1);
    }
}
