package org.kvant.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowScorerTest {
    private static final long SEED = Long.getLong("kvant.seed", System.nanoTime());

    private final RowScorer scorer = new RowScorer();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 511, 512, 513, 4096, 49_157})
    void agreesWithPlainSumsInDouble(int n) {
        System.out.println("row scorer: -Dkvant.seed=" + SEED);
        Random random = new Random(SEED + n);
        for (float spread : new float[] {0.01f, 1, 5, 40}) {
            float[] a = gaussian(random, n, spread);
            float[] b = a.clone();
            for (int i = 0; i < n; i++) {
                b[i] += (float) (random.nextGaussian() * 0.1 + 3);
            }
            double lseA = check(a);
            double lseB = check(b);
            double expected = 0;
            for (int i = 0; i < n; i++) {
                expected += Math.exp(a[i] - lseA) * ((a[i] - lseA) - (b[i] - lseB));
            }
            double actual = scorer.divergence(a, RowScorer.max(a, n), lseA, b, RowScorer.max(b, n), lseB, n);
            assertThat(actual).isCloseTo(expected, within(1e-8));
            assertThat(scorer.divergence(a, RowScorer.max(a, n), lseA, a, RowScorer.max(a, n), lseA, n))
                    .isZero();
        }
    }

    private double check(float[] row) {
        float max = RowScorer.max(row, row.length);
        double sum = 0;
        for (float logit : row) {
            sum += Math.exp((double) logit - max);
        }
        double expected = max + Math.log(sum);
        double actual = scorer.logSumExp(row, row.length, max);
        assertThat(actual).isCloseTo(expected, within(1e-8));
        return actual;
    }

    private static float[] gaussian(Random random, int n, float spread) {
        float[] row = new float[n];
        for (int i = 0; i < n; i++) {
            row[i] = (float) (random.nextGaussian() * spread - 8);
        }
        return row;
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 700})
    void forbiddenTokensCountForNothing(int n) {
        float[] a = new float[n];
        a[1] = Float.NEGATIVE_INFINITY;
        float[] b = a.clone();
        double lse = scorer.logSumExp(a, n, 0);
        assertThat(lse).isCloseTo(Math.log(n - 1), within(1e-9));
        assertThat(scorer.divergence(a, 0, lse, b, 0, lse, n)).isZero();
        assertThat(RowScorer.max(new float[] {1, Float.NaN, 2}, 3)).isNaN();
    }
}
