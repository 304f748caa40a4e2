package org.kvant.evaluate;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What llama-perplexity's {@code --kl-divergence} prints, computed as there ({@code kl_divergence} in {@code perplexity.cpp}). Standard errors
 * hold tokens to be independent, as llama.cpp does; {@code divergenceByChunks} does not.
 *
 * @param tokens scored tokens
 * @param chunks chunks they are from
 * @param perplexity of the candidate
 * @param referencePerplexity of the reference on the same tokens
 * @param logRatio ln of candidate's to reference's perplexity, its error with their covariance
 * @param divergence mean KLD in nats
 * @param divergenceByChunks the same mean, with the error between chunks: tokens of one chunk are alike
 * @param medianDivergence nats
 * @param divergence99 99th percentile in nats; null with fewer than 1,000 tokens
 * @param divergence999 99.9th percentile in nats; null with fewer than 10,000 tokens: it would rest on less than ten
 * @param maxDivergence nats
 * @param sameTop share of tokens whose most probable successor is the same, 0 to 1
 * @param deltaP mean of the candidate's minus the reference's probability of the token that follows
 * @param rmsDeltaP root mean square of that difference
 */
public record Figures(
        int tokens,
        int chunks,
        Estimate perplexity,
        Estimate referencePerplexity,
        Estimate logRatio,
        Estimate divergence,
        Estimate divergenceByChunks,
        double medianDivergence,
        @Nullable Double divergence99,
        @Nullable Double divergence999,
        double maxDivergence,
        Estimate sameTop,
        Estimate deltaP,
        Estimate rmsDeltaP) {

    private static final int SAMPLES_BEYOND = 10;

    /** Sums up a candidate's scores. */
    public static Figures of(TokenScores scores) {
        int count = scores.count();
        double nll = 0;
        double nll2 = 0;
        double base = 0;
        double base2 = 0;
        double product = 0;
        double difference = 0;
        double difference2 = 0;
        double difference4 = 0;
        int same = 0;
        for (int i = 0; i < count; i++) {
            double mine = -scores.logProbs()[i];
            double other = -scores.referenceLogProbs()[i];
            nll += mine;
            nll2 += mine * mine;
            base += other;
            base2 += other * other;
            product += mine * other;
            double delta = Math.exp(-mine) - Math.exp(-other);
            difference += delta;
            difference2 += delta * delta;
            difference4 += delta * delta * delta * delta;
            same += scores.sameTop()[i] ? 1 : 0;
        }
        Estimate logPerplexity = Estimate.mean(nll, nll2, count);
        Estimate logReference = Estimate.mean(base, base2, count);
        double[] sorted = scores.divergences().clone();
        Arrays.sort(sorted);
        Estimate meanSquare = Estimate.mean(difference2, difference4, count);
        double rms = Math.sqrt(meanSquare.value());
        return new Figures(
                count,
                scores.chunks(),
                exp(logPerplexity),
                exp(logReference),
                ratio(logPerplexity, logReference, product, count),
                Estimate.mean(scores.divergences()),
                Estimate.mean(byChunk(scores)),
                median(sorted),
                percentile(sorted, 0.99),
                percentile(sorted, 0.999),
                sorted[count - 1],
                Estimate.share(same, count),
                Estimate.mean(difference, difference2, count),
                new Estimate(rms, rms > 0 ? 0.5 / rms * meanSquare.error() : 0));
    }

    private static Estimate exp(Estimate logarithm) {
        double value = Math.exp(logarithm.value());
        return new Estimate(value, value * logarithm.error());
    }

    private static Estimate ratio(Estimate mine, Estimate other, double product, int count) {
        double covariance = count > 1 ? (product / count - mine.value() * other.value()) / (count - 1) : 0;
        double variance = mine.error() * mine.error() + other.error() * other.error() - 2 * covariance;
        return new Estimate(mine.value() - other.value(), Math.sqrt(Math.max(0, variance)));
    }

    private static double[] byChunk(TokenScores scores) {
        double[] means = new double[scores.chunks()];
        for (int chunk = 0; chunk < means.length; chunk++) {
            means[chunk] = scores.chunkDivergence(chunk);
        }
        return means;
    }

    static double median(double[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 0 ? 0.5 * (sorted[middle] + sorted[middle - 1]) : sorted[middle];
    }

    private static @Nullable Double percentile(double[] sorted, double fraction) {
        return sorted.length * (1 - fraction) < SAMPLES_BEYOND - 1e-6 ? null : quantile(sorted, fraction);
    }

    /** Linear between the two nearest values. */
    static double quantile(double[] sorted, double fraction) {
        double place = fraction * (sorted.length - 1);
        int below = (int) place;
        double weight = place - below;
        return (1 - weight) * sorted[below] + weight * sorted[Math.min(below + 1, sorted.length - 1)];
    }
}
