package org.kvant.evaluate;

/** A figure with its standard error, in the same unit. */
public record Estimate(double value, double error) {

    /**
     * Mean and standard error of values that are held to be independent, as {@code perplexity.cpp} computes them; no error is known of fewer
     * than two.
     */
    static Estimate mean(double sum, double sumOfSquares, int count) {
        double mean = sum / count;
        double variance = sumOfSquares / count - mean * mean;
        return new Estimate(mean, count > 1 && variance > 0 ? Math.sqrt(variance / (count - 1)) : 0);
    }

    static Estimate mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return new Estimate(mean, values.length > 1 ? Math.sqrt(squares / values.length / (values.length - 1)) : 0);
    }

    /** A share of so many. */
    static Estimate share(int hits, int count) {
        double share = (double) hits / count;
        return new Estimate(share, count > 1 ? Math.sqrt(share * (1 - share) / (count - 1)) : 0);
    }

    Estimate times(double factor) {
        return new Estimate(value * factor, error * factor);
    }
}
