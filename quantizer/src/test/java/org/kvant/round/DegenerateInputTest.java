package org.kvant.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.codec.CodecException;
import org.kvant.gguf.GgmlType;

/** Matrices and Hessians that are empty of something, and wrong ones. */
class DegenerateInputTest {

    private static final int ROWS = 4;
    private static final int COLUMNS = 256;

    static Stream<GgmlType> types() {
        return Arrays.stream(GgmlType.values()).filter(MatrixRounder::supports);
    }

    private static RoundedMatrix round(float[] w, GgmlType type, float[] h) {
        RoundedMatrix m =
                MatrixRounder.round(w, ROWS, COLUMNS, type, Hessian.of(h, COLUMNS, 0.01), RoundingOptions.DEFAULT);
        for (float v : m.values()) {
            assertThat(v).isFinite();
        }
        double[] chosen = m.rowLosses(RoundedMatrix.Stage.CHOSEN);
        for (int row = 0; row < ROWS; row++) {
            assertThat(chosen[row]).isFinite().isLessThanOrEqualTo(m.rowLosses(RoundedMatrix.Stage.IMPORTANCE)[row]);
        }
        return m;
    }

    @ParameterizedTest
    @MethodSource("types")
    void zeroRowsStayZero(GgmlType type) {
        Random r = Seed.random("zero rows " + type);
        float[] w = Inputs.weights(r, ROWS * COLUMNS);
        Arrays.fill(w, COLUMNS, 2 * COLUMNS, 0);
        RoundedMatrix m = round(w, type, Inputs.correlated(r, COLUMNS));
        for (int j = COLUMNS; j < 2 * COLUMNS; j++) {
            assertThat(m.values()[j]).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void aZeroHessianRoundsPlainly(GgmlType type) {
        float[] w = Inputs.weights(Seed.random("zero H " + type), ROWS * COLUMNS);
        RoundedMatrix m = round(w, type, new float[COLUMNS * COLUMNS]);
        double error = 0;
        double size = 0;
        for (int i = 0; i < w.length; i++) {
            error += (w[i] - m.values()[i]) * (w[i] - m.values()[i]);
            size += w[i] * w[i];
        }
        assertThat(error).isLessThan(0.6 * size);
    }

    @ParameterizedTest
    @MethodSource("types")
    void rankOneAndUnseenColumns(GgmlType type) {
        Random r = Seed.random("rank one " + type);
        float[] x = Inputs.weights(r, COLUMNS);
        for (int j = 0; j < COLUMNS; j += 3) {
            x[j] = 0;
        }
        float[] h = new float[COLUMNS * COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            for (int j = 0; j < COLUMNS; j++) {
                h[i * COLUMNS + j] = x[i] * x[j];
            }
        }
        float[] w = Inputs.weights(r, ROWS * COLUMNS);
        RoundedMatrix m = round(w, type, h);
        // A column that no input has seen keeps a sensible weight: it is not given up.
        double error = 0;
        double size = 0;
        for (int row = 0; row < ROWS; row++) {
            for (int j = 0; j < COLUMNS; j += 3) {
                int i = row * COLUMNS + j;
                error += (w[i] - m.values()[i]) * (w[i] - m.values()[i]);
                size += w[i] * w[i];
            }
        }
        assertThat(error).isLessThan(size);
    }

    @ParameterizedTest
    @MethodSource("types")
    void constantColumnsAndTinyValues(GgmlType type) {
        Random r = Seed.random("constant " + type);
        float[] h = Inputs.correlated(r, COLUMNS);
        float[] w = new float[ROWS * COLUMNS];
        Arrays.fill(w, 0.5f);
        round(w, type, h);
        Arrays.fill(w, -3);
        round(w, type, h);
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) (r.nextGaussian() * 1e-30);
        }
        round(w, type, h);
    }

    @ParameterizedTest
    @MethodSource("types")
    void hessiansOfAnySize(GgmlType type) {
        Random r = Seed.random("sizes " + type);
        float[] w = Inputs.weights(r, ROWS * COLUMNS);
        float[] h = Inputs.correlated(r, COLUMNS);
        byte[] expected = round(w, type, h).bytes();
        for (float factor : new float[] {0x1p-60f, 0x1p60f}) {
            float[] scaled = h.clone();
            for (int i = 0; i < h.length; i++) {
                scaled[i] *= factor;
            }
            assertThat(round(w, type, scaled).bytes()).isEqualTo(expected);
        }
    }

    @Test
    void hugeValuesAreRefusedOrRounded() {
        Random r = Seed.random("huge");
        float[] w = Inputs.weights(r, ROWS * COLUMNS);
        float[] h = Inputs.correlated(r, COLUMNS);
        w[300] = 60000;
        round(w, GgmlType.Q4_K, h);
        w[300] = 1e30f;
        assertThatThrownBy(() -> round(w, GgmlType.Q4_K, h))
                .isInstanceOf(CodecException.class)
                .hasMessageContaining("overflows F16");
    }

    @Test
    void wrongInputsAreNamed() {
        Random r = Seed.random("wrong");
        float[] w = Inputs.weights(r, ROWS * COLUMNS);
        float[] h = Inputs.correlated(r, COLUMNS);
        w[COLUMNS + 7] = Float.NaN;
        assertThatThrownBy(() -> round(w, GgmlType.Q4_0, h))
                .isInstanceOf(RoundException.class)
                .hasMessageContaining("row 1, column 7 is NaN");
        w[COLUMNS + 7] = 0;
        assertThatThrownBy(() -> RoundingInput.of(new float[ROWS * 96], ROWS, 96, GgmlType.Q4_K))
                .isInstanceOf(RoundException.class)
                .hasMessageContaining("96 columns are not a multiple of the block of Q4_K, 256");
        assertThatThrownBy(() -> RoundingInput.of(new float[5], ROWS, 96, GgmlType.Q4_0))
                .isInstanceOf(RoundException.class);
        assertThatThrownBy(() -> MatrixRounder.round(
                        new float[128], 1, 128, GgmlType.Q4_0, Hessian.of(h, COLUMNS, 0.01), RoundingOptions.DEFAULT))
                .isInstanceOf(RoundException.class)
                .hasMessageContaining("the matrix has 128 columns, the Hessian 256");
        assertThatThrownBy(() -> MatrixRounder.round(
                        w, ROWS, COLUMNS, GgmlType.F16, Hessian.of(h, COLUMNS, 0.01), RoundingOptions.DEFAULT))
                .isInstanceOf(RoundException.class)
                .hasMessageContaining("F16");
        float[] skewed = h.clone();
        skewed[3] = 10 * h[0];
        assertThatThrownBy(() -> Hessian.of(skewed, COLUMNS, 0.01))
                .isInstanceOf(RoundException.class)
                .hasMessageContaining("(3, 0)");
        skewed[0] = Float.NaN;
        assertThatThrownBy(() -> Hessian.of(skewed, COLUMNS, 0.01))
                .isInstanceOf(RoundException.class)
                .hasMessageContaining("column 0");
        assertThatThrownBy(() -> RoundingOptions.DEFAULT.withSweeps(-1))
                .isInstanceOf(RoundException.class)
                .hasMessageContaining("sweeps");
    }
}
