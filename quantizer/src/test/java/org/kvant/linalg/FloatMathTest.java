package org.kvant.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kvant.linalg.vector.VectorKernels;

/** Both implementations against doubles, and against each other. */
class FloatMathTest {
    private static final List<FloatMath> BOTH = List.of(new ScalarFloatMath(), new VectorKernels().math());

    @Test
    void theExponentialIsPreciseEverywhere() {
        int count = 1 << 20;
        float[] x = new float[count + 3];
        for (int i = 0; i < x.length; i++) {
            x[i] = -86.9f + 175.2f * i / x.length;
        }
        for (FloatMath math : BOTH) {
            float[] y = new float[x.length];
            math.exp(x, 0, 0, y, 0, x.length);
            double worst = 0;
            for (int i = 0; i < x.length; i++) {
                double exact = Math.exp(x[i]);
                worst = Math.max(worst, Math.abs(y[i] - exact) / exact);
            }
            assertThat(worst).isLessThan(2e-7);
        }
    }

    @Test
    void theExponentialOfExtremesIsBounded() {
        float[] x = {
            Float.NEGATIVE_INFINITY, -200, -87, -0f, 0f, 88.3f, 200, Float.POSITIVE_INFINITY, Float.NaN, Float.MIN_VALUE
        };
        for (FloatMath math : BOTH) {
            float[] y = new float[x.length];
            math.exp(x, 0, 0, y, 0, x.length);
            assertThat(y[0]).isZero();
            assertThat(y[1]).isZero();
            assertThat(y[2]).isZero();
            assertThat(y[3]).isEqualTo(1);
            assertThat(y[4]).isEqualTo(1);
            assertThat(y[6]).isEqualTo(y[5]).isFinite().isGreaterThan(2e38f);
            assertThat(y[7]).isEqualTo(y[5]);
            assertThat(y[8]).isNaN();
            assertThat(y[9]).isEqualTo(1);
        }
    }

    @Test
    void bothImplementationsAgree() {
        Random random = new Random(5);
        for (int length : new int[] {1, 2, 15, 16, 17, 31, 32, 33, 100, 4099}) {
            float[] a = new float[length + 2];
            float[] b = new float[length + 2];
            for (int i = 0; i < a.length; i++) {
                a[i] = (float) random.nextGaussian();
                b[i] = (float) random.nextGaussian();
            }
            FloatMath scalar = BOTH.get(0);
            FloatMath vector = BOTH.get(1);
            float[] ya = new float[length + 2];
            float[] yb = new float[length + 2];
            scalar.exp(a, 1, 0.5f, ya, 1, length);
            vector.exp(a, 1, 0.5f, yb, 1, length);
            assertThat(yb).isEqualTo(ya);
            assertThat(vector.max(a, 1, length)).isEqualTo(scalar.max(a, 1, length));
            float bound = 1e-6f * (float) Math.sqrt(length) * 10;
            assertThat(vector.sum(a, 1, length)).isCloseTo(scalar.sum(a, 1, length), offset(bound));
            assertThat(vector.dot(a, 1, b, 2, length - 1)).isCloseTo(scalar.dot(a, 1, b, 2, length - 1), offset(bound));
        }
    }
}
