package org.kvant.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PairedComparisonTest {
    private static final long SEED = Long.getLong("kvant.seed", System.nanoTime());

    /** Chunks differ a hundred times more than the candidates do. */
    private static TokenScores scores(long noise, double shift) {
        Random chunks = new Random(SEED);
        Random tokens = new Random(SEED + noise);
        TokenScores scores = TokenScores.allocate(40, 50);
        for (int chunk = 0; chunk < 40; chunk++) {
            double level = 1 + chunks.nextDouble();
            for (int i = 0; i < 50; i++) {
                scores.divergences()[chunk * 50 + i] = level + shift + 0.01 * tokens.nextGaussian();
            }
        }
        return scores;
    }

    @Test
    void findsASmallDifferenceThatUnpairedErrorsHide() {
        System.out.println("paired comparison: -Dkvant.seed=" + SEED);
        TokenScores a = scores(1, 0);
        TokenScores b = scores(2, 0.01);
        PairedComparison pair = PairedComparison.of(a, b, 7);
        assertThat(pair.difference()).isCloseTo(a.meanDivergence() - b.meanDivergence(), within(1e-12));
        assertThat(pair.difference()).isCloseTo(-0.01, within(0.002));
        assertThat(pair.low()).isLessThan(pair.difference());
        assertThat(pair.high()).isGreaterThan(pair.difference()).isNegative();
        assertThat(pair.significant()).isTrue();
        // Two normal variables with this shift: Φ(0.01 / (0.01·√2)) = 0.76.
        assertThat(pair.betterShare()).isCloseTo(0.76, within(0.05));
        assertThat(pair.betterShare() + pair.worseShare()).isCloseTo(1, within(1e-12));
        // Without pairing, twice the standard error of the difference, √2 of each one's, is above it.
        assertThat(2 * Math.sqrt(2) * Estimate.mean(a.divergences()).error()).isGreaterThan(0.01);
    }

    @Test
    void theIntervalIsThatOfTheMeanOverChunks() {
        TokenScores a = scores(1, 0);
        TokenScores b = scores(2, 0);
        PairedComparison pair = PairedComparison.of(a, b, 7);
        double[] differences = new double[40];
        for (int chunk = 0; chunk < 40; chunk++) {
            differences[chunk] = a.chunkDivergence(chunk) - b.chunkDivergence(chunk);
        }
        double width = 2 * 1.96 * Estimate.mean(differences).error();
        assertThat(pair.high() - pair.low()).isBetween(0.85 * width, 1.1 * width);
    }

    @Test
    void theSameSeedDrawsTheSame() {
        TokenScores a = scores(1, 0);
        TokenScores b = scores(2, 0.001);
        assertThat(PairedComparison.of(a, b, 3)).isEqualTo(PairedComparison.of(a, b, 3));
        assertThat(PairedComparison.of(a, b, 3).low())
                .isNotEqualTo(PairedComparison.of(a, b, 4).low());
        PairedComparison turned = PairedComparison.of(b, a, 3);
        assertThat(turned.difference()).isEqualTo(-PairedComparison.of(a, b, 3).difference());
    }

    @Test
    void otherTokensCannotBePaired() {
        assertThatThrownBy(() -> PairedComparison.of(TokenScores.allocate(2, 5), TokenScores.allocate(3, 5), 1))
                .hasMessageContaining("10 and 15 tokens");
    }
}
