package org.kvant.engine;

/**
 * What decodes without prompts take by their number of tokens, as measured. Not a line: ggml computes four rows at a time, so that two tokens may take
 * twice the time of one and sixteen only seven times. Each size has a cost of its own, those never tried are guessed from their neighbours, rather too cheap: then
 * they are tried. What makes all sizes dearer, as a longer context does, is kept apart and known from whichever size comes. Belongs to the decode thread.
 */
class StepCosts {
    /** Larger decodes are counted as this one and in proportion. */
    static final int LARGEST = 64;

    /** What a further token costs where nothing is known, in decodes of one token. On a machine with much arithmetic for its memory it is less. */
    private static final double GUESS = 0.25;

    private static final double LEVEL_SMOOTHING = 0.1;
    private static final double SIZE_SMOOTHING = 0.15;
    /** A pause of the machine isn't the price of a size. */
    private static final double OUTLIER = 4;

    /** A single sample may have held the making of a graph. */
    private static final int ENOUGH_SAMPLES = 3;

    /** By tokens: cost in units of {@link #level}; 0 where nothing was measured. */
    private final double[] costs = new double[LARGEST + 1];

    private final int[] samples = new int[LARGEST + 1];

    private double level = 1;

    /** @param tokens of a decode that held no prompt */
    void measured(int tokens, long nanos) {
        if (tokens < 1 || tokens > LARGEST || nanos <= 0) {
            return;
        }
        if (costs[tokens] == 0) {
            if (!known()) {
                level = nanos;
            }
            costs[tokens] = nanos / level;
            samples[tokens] = 1;
            return;
        }
        double surprise = Math.clamp(nanos / (level * costs[tokens]), 1 / OUTLIER, OUTLIER);
        level *= Math.pow(surprise, LEVEL_SMOOTHING);
        samples[tokens]++;
        costs[tokens] *= Math.pow(surprise, Math.max(SIZE_SMOOTHING, 1.0 / samples[tokens]));
    }

    /** Whether there was any. */
    boolean measured() {
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
    double nanos(int tokens) {
        if (tokens > LARGEST) {
            return nanos(LARGEST) * tokens / LARGEST;
        }
        int below = tokens;
        while (below > 0 && costs[below] == 0) {
            below--;
        }
        int above = tokens;
        while (above <= LARGEST && costs[above] == 0) {
            above++;
        }
        if (below == tokens) {
            return level * costs[tokens];
        }
        boolean above1 = above <= LARGEST;
        if (below == 0) {
            return above1 ? level * costs[above] * guess(tokens) / guess(above) : guess(tokens);
        }
        double further = costs[below] * guess(tokens) / guess(below);
        if (above1) {
            double between = costs[below] + (costs[above] - costs[below]) * (tokens - below) / (above - below);
            further = Math.min(further, Math.max(costs[below], between));
        }
        return level * further;
    }

    /**
     * Whether a decode of {@code filled} rows is faster than one of {@code rows}, though it does more. Sizes that are not known are tried; for those
     * too large to be known what others with as many rows over say.
     *
     * @param filled the next multiple of {@code step}
     */
    boolean fillingPays(int rows, int filled, int step) {
        if (filled <= LARGEST) {
            if (samples[filled] < ENOUGH_SAMPLES) {
                return true;
            }
            return samples[rows] >= ENOUGH_SAMPLES && costs[filled] < costs[rows];
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
