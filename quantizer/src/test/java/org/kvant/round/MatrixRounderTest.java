package org.kvant.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.quant.GgmlQuant;
import org.kvant.round.RoundedMatrix.Stage;

/** Whole matrices: every stage helps where inputs are correlated, and what is reported is what the bytes decode to. */
class MatrixRounderTest {

    private static final int ROWS = 16;
    private static final int COLUMNS = 256;
    private static final double DAMPING = 0.01;

    @BeforeAll
    static void load() {
        Backend.load();
    }

    static Stream<GgmlType> types() {
        return Arrays.stream(GgmlType.values()).filter(MatrixRounder::supports);
    }

    private static Hessian hessian(float[] h) {
        return Hessian.of(h, COLUMNS, DAMPING);
    }

    @ParameterizedTest
    @MethodSource("types")
    void feedbackAndSweepsLowerTheLossOnCorrelatedInputs(GgmlType type) {
        Random r = Seed.random("stages " + type);
        float[] w = Inputs.weights(r, ROWS * COLUMNS);
        float[] h = Inputs.correlated(r, COLUMNS);
        RoundedMatrix m = MatrixRounder.round(
                w,
                ROWS,
                COLUMNS,
                type,
                hessian(h),
                RoundingOptions.DEFAULT.withThreads(2).withPlain(true));

        assertThat(m.loss(Stage.IMPORTANCE)).isLessThan(1.1 * m.loss(Stage.NEAREST));
        assertThat(m.loss(Stage.FEEDBACK)).isLessThan(0.7 * m.loss(Stage.IMPORTANCE));
        assertThat(m.loss(Stage.SWEEPS)).isLessThan(m.loss(Stage.FEEDBACK));
        assertThat(m.loss()).isLessThanOrEqualTo(m.loss(Stage.SWEEPS));
        Inputs.assertSame("decoded by ggml", GgmlQuant.dequantize(type, m.bytes(), w.length), m.values());
        double[] chosen = m.rowLosses(Stage.CHOSEN);
        double[] codec = m.rowLosses(Stage.IMPORTANCE);
        for (int row = 0; row < ROWS; row++) {
            double exact = Inputs.loss(w, m.values(), row, COLUMNS, h, DAMPING);
            assertThat(chosen[row]).as("row %d", row).isCloseTo(exact, within(1e-3 * exact));
            assertThat(chosen[row]).isLessThanOrEqualTo(codec[row]);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everySweepLowersTheLossFurtherOrLeavesIt(GgmlType type) {
        Random r = Seed.random("sweeps " + type);
        float[] w = Inputs.weights(r, 4 * COLUMNS);
        Hessian h = hessian(Inputs.correlated(r, COLUMNS));
        for (boolean feedback : new boolean[] {false, true}) {
            double[] before = new double[4];
            Arrays.fill(before, Double.POSITIVE_INFINITY);
            for (int sweeps = 0; sweeps < 3; sweeps++) {
                RoundingOptions options =
                        RoundingOptions.DEFAULT.withFeedback(feedback).withSweeps(sweeps);
                double[] after =
                        MatrixRounder.round(w, 4, COLUMNS, type, h, options).rowLosses(Stage.CHOSEN);
                for (int row = 0; row < 4; row++) {
                    assertThat(after[row]).isLessThanOrEqualTo(before[row] * (1 + 1e-5));
                }
                before = after;
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void anotherOrderGivesBytesThatDecodeToTheReportedValues(GgmlType type) {
        Random r = Seed.random("order " + type);
        float[] w = Inputs.weights(r, ROWS * COLUMNS);
        float[] h = Inputs.correlated(r, COLUMNS);
        RoundedMatrix m = MatrixRounder.round(
                w, ROWS, COLUMNS, type, hessian(h), RoundingOptions.DEFAULT.withOrder(ColumnOrder.DIAGONAL));

        Inputs.assertSame("decoded by ggml", GgmlQuant.dequantize(type, m.bytes(), w.length), m.values());
        assertThat(m.loss(Stage.FEEDBACK)).isLessThan(0.7 * m.loss(Stage.IMPORTANCE));
        double exact = 0;
        for (int row = 0; row < ROWS; row++) {
            exact += Inputs.loss(w, m.values(), row, COLUMNS, h, DAMPING);
        }
        assertThat(m.loss()).isCloseTo(exact, within(1e-3 * exact));
    }

    @Test
    void threadsDoNotChangeTheResult() {
        Random r = Seed.random("threads");
        float[] w = Inputs.weights(r, 100 * COLUMNS);
        float[] h = Inputs.correlated(r, COLUMNS);
        byte[] one = MatrixRounder.round(w, 100, COLUMNS, GgmlType.Q4_K, hessian(h), RoundingOptions.DEFAULT)
                .bytes();
        byte[] three = MatrixRounder.round(
                        w, 100, COLUMNS, GgmlType.Q4_K, hessian(h), RoundingOptions.DEFAULT.withThreads(3))
                .bytes();
        assertThat(three).isEqualTo(one);
    }

    @ParameterizedTest
    @MethodSource("types")
    void aLinearTermPullsTowardsTheShiftedTarget(GgmlType type) {
        Random r = Seed.random("linear " + type);
        int rows = 8;
        float[] w = Inputs.weights(r, rows * COLUMNS);
        float[] h = Inputs.correlated(r, COLUMNS);
        RoundedMatrix first =
                MatrixRounder.round(w, rows, COLUMNS, type, hessian(h), RoundingOptions.DEFAULT.withSweeps(0));
        // The gradient at the rounded values of the loss 1/2 e H e' around w itself; its minimum is w again.
        float[] gradient = new float[w.length];
        for (int row = 0; row < rows; row++) {
            for (int j = 0; j < COLUMNS; j++) {
                double sum = 0;
                for (int k = 0; k < COLUMNS; k++) {
                    double damped = h[k * COLUMNS + j] + (j == k ? DAMPING * meanDiagonal(h) : 0);
                    sum += damped * (first.values()[row * COLUMNS + k] - w[row * COLUMNS + k]);
                }
                gradient[row * COLUMNS + j] = (float) sum;
            }
        }
        RoundingInput step = RoundingInput.of(first.values(), rows, COLUMNS, type)
                .withStart(first.bytes())
                .withLinear(gradient);
        RoundedMatrix second = MatrixRounder.round(step, hessian(h), RoundingOptions.DEFAULT);

        double before = 0;
        double after = 0;
        for (int row = 0; row < rows; row++) {
            before += Inputs.loss(w, first.values(), row, COLUMNS, h, DAMPING);
            after += Inputs.loss(w, second.values(), row, COLUMNS, h, DAMPING);
        }
        assertThat(after).isLessThan(0.95 * before);
        // The reported loss is that of the quadratic model, whose start is 0.
        assertThat(second.loss(Stage.IMPORTANCE)).isZero();
        assertThat(second.loss()).isCloseTo(after - before, within(1e-2 * before));
    }

    private static double meanDiagonal(float[] h) {
        double sum = 0;
        for (int i = 0; i < COLUMNS; i++) {
            sum += h[i * COLUMNS + i];
        }
        return sum / COLUMNS;
    }

    @Test
    void rowWeightsScaleLossesAndWeighTheLinearTerm() {
        Random r = Seed.random("row weights");
        float[] w = Inputs.weights(r, 4 * COLUMNS);
        float[] h = Inputs.correlated(r, COLUMNS);
        float[] linear = Inputs.weights(r, 4 * COLUMNS);
        float[] heavier = linear.clone();
        for (int i = 0; i < linear.length; i++) {
            heavier[i] *= 4;
        }
        RoundingInput plain = RoundingInput.of(w, 4, COLUMNS, GgmlType.Q4_0).withLinear(linear);
        RoundingInput weighted = RoundingInput.of(w, 4, COLUMNS, GgmlType.Q4_0)
                .withLinear(heavier)
                .withRowWeights(new float[] {4, 4, 4, 4});
        RoundedMatrix a = MatrixRounder.round(plain, hessian(h), RoundingOptions.DEFAULT);
        RoundedMatrix b = MatrixRounder.round(weighted, hessian(h), RoundingOptions.DEFAULT);
        assertThat(b.bytes()).isEqualTo(a.bytes());
        assertThat(b.loss()).isCloseTo(4 * a.loss(), within(1e-4 * Math.abs(a.loss())));
    }
}
