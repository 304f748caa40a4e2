package org.kvant.engine;

/**
 * What decodes without prompts take by their number of tokens, as measured: the least squares line through what was seen lately, so that sizes never
 * tried have a price too. Belongs to the decode thread.
 */
final class StepCosts {
    private static final double FADING = 0.98;
    /**
     * Before anything is measured, and with little weight afterwards: a further token costs a quarter of the first. On a machine with much
     * arithmetic for its memory it is less.
     */
    private static final double GUESS = 0.25;

    private static final double GUESS_WEIGHT = 0.05;

    private double weight;
    private double sumX;
    private double sumY;
    private double sumXX;
    private double sumXY;

    /** @param tokens of a decode that held no prompt */
    void measured(int tokens, long nanos) {
        weight = weight * FADING + 1;
        sumX = sumX * FADING + tokens;
        sumY = sumY * FADING + nanos;
        sumXX = sumXX * FADING + (double) tokens * tokens;
        sumXY = sumXY * FADING + (double) tokens * nanos;
    }

    /** Whether there was any. */
    boolean measured() {
        return weight > 0;
    }

    /** Expected time of a decode; in units of a decode of one token if nothing has been measured. */
    double nanos(int tokens) {
        double perToken;
        double mean;
        if (weight == 0) {
            return 1 + GUESS * (tokens - 1);
        }
        mean = sumX / weight;
        double meanTime = sumY / weight;
        double spread = sumXX / weight - mean * mean;
        double joint = sumXY / weight - mean * meanTime;
        // The time of one token if a further one costs GUESS of it.
        double single = meanTime / (1 + GUESS * (mean - 1));
        perToken = (joint + GUESS_WEIGHT * GUESS * single) / (spread + GUESS_WEIGHT);
        perToken = Math.clamp(perToken, 0, meanTime);
        return Math.max(meanTime + perToken * (tokens - mean), meanTime * 0.05);
    }
}
