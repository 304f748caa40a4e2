package org.kvant.evaluate;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Two candidates on the same tokens: their difference in KLD to the reference, which varies far less than either. The interval is a
 * percentile bootstrap over chunks, not tokens, because those of one chunk are alike.
 *
 * @param difference mean over tokens of KLD(a) - KLD(b), in nats: negative if a is closer to the reference
 * @param low lower end of the 95 % interval
 * @param high upper end of the 95 % interval
 * @param betterShare share of tokens whose KLD is lower with a
 * @param worseShare share of tokens whose KLD is lower with b; the rest is equal
 * @param chunks chunks that were drawn from
 * @param resamples times a set of chunks was drawn
 * @param seed of the draws
 */
public record PairedComparison(
        double difference,
        double low,
        double high,
        double betterShare,
        double worseShare,
        int chunks,
        int resamples,
        long seed) {
    /** Enough for the ends of a 95 % interval to be stable to a few per cent of its width. */
    public static final int RESAMPLES = 10_000;

    private static final double TAIL = 0.025;

    /** Compares two candidates that were scored on the same chunks. */
    public static PairedComparison of(TokenScores a, TokenScores b, long seed) {
        if (a.count() != b.count() || a.perChunk() != b.perChunk()) {
            throw new IllegalArgumentException("the candidates were scored on " + a.count() + " and " + b.count()
                    + " tokens; only the same tokens can be compared in pairs");
        }
        double[] chunks = new double[a.chunks()];
        int better = 0;
        int worse = 0;
        for (int i = 0; i < a.count(); i++) {
            double difference = a.divergences()[i] - b.divergences()[i];
            chunks[i / a.perChunk()] += difference / a.perChunk();
            better += difference < 0 ? 1 : 0;
            worse += difference > 0 ? 1 : 0;
        }
        double[] means = resample(chunks, seed);
        return new PairedComparison(
                Arrays.stream(chunks).sum() / chunks.length,
                Figures.quantile(means, TAIL),
                Figures.quantile(means, 1 - TAIL),
                (double) better / a.count(),
                (double) worse / a.count(),
                chunks.length,
                RESAMPLES,
                seed);
    }

    private static double[] resample(double[] chunks, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] means = new double[RESAMPLES];
        for (int i = 0; i < RESAMPLES; i++) {
            double sum = 0;
            for (int drawn = 0; drawn < chunks.length; drawn++) {
                sum += chunks[random.nextInt(chunks.length)];
            }
            means[i] = sum / chunks.length;
        }
        Arrays.sort(means);
        return means;
    }

    /** Whether the interval leaves out zero. */
    public boolean significant() {
        return low > 0 || high < 0;
    }
}
