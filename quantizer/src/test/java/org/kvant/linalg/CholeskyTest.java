package org.kvant.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.linalg.vector.VectorKernels;

/** Factors multiplied out again, inverses multiplied with their matrices. */
class CholeskyTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 130, 300})
    void factorsAndInversesFitTheirMatrix(int size) throws NotPositiveDefiniteException {
        double[] matrix = positive(size);
        for (DoubleKernel kernel : new DoubleKernel[] {new ScalarDoubleKernel(), new VectorKernels().doubles()}) {
            try (Workers workers = new Workers(2)) {
                double[] given = matrix.clone();
                for (int i = 0; i < size; i++) {
                    for (int j = i + 1; j < size; j++) {
                        given[i * size + j] = Double.NaN; // not read
                    }
                }
                Cholesky cholesky = Cholesky.of(size, given, workers, kernel);
                double[] lower = cholesky.lower();
                assertThat(difference(size, product(size, lower, transposed(size, lower)), matrix))
                        .isLessThan(1e-12);
                double[] identity = new double[size * size];
                for (int i = 0; i < size; i++) {
                    identity[i * size + i] = 1;
                }
                assertThat(difference(size, product(size, cholesky.inverseLower(), lower), identity))
                        .isLessThan(1e-10);
                assertThat(difference(size, product(size, cholesky.inverse(), matrix), identity))
                        .isLessThan(1e-9);
            }
        }
    }

    @Test
    void otherMatricesAreRefused() {
        double[] indefinite = positive(100);
        indefinite[70 * 100 + 70] = -1;
        assertThatThrownBy(() -> Cholesky.of(100, indefinite, Workers.single()))
                .isInstanceOf(NotPositiveDefiniteException.class)
                .hasMessageContaining("pivot 70");
        double[] nan = positive(10);
        nan[53] = Double.NaN;
        assertThatThrownBy(() -> Cholesky.of(10, nan, Workers.single()))
                .isInstanceOf(NotPositiveDefiniteException.class);
        assertThatThrownBy(() -> Cholesky.of(3, new double[8], Workers.single()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static double[] positive(int size) {
        Random random = new Random(size);
        double[] x = new double[size * size];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextGaussian();
        }
        double[] matrix = product(size, x, transposed(size, x));
        for (int i = 0; i < size; i++) {
            matrix[i * size + i] += 0.1 * size;
            for (int j = 0; j < size; j++) {
                matrix[i * size + j] /= size;
            }
        }
        return matrix;
    }

    private static double[] transposed(int size, double[] a) {
        double[] t = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            t[i % size * size + i / size] = a[i];
        }
        return t;
    }

    private static double[] product(int size, double[] a, double[] b) {
        double[] c = new double[a.length];
        for (int i = 0; i < size; i++) {
            for (int k = 0; k < size; k++) {
                for (int j = 0; j < size; j++) {
                    c[i * size + j] += a[i * size + k] * b[k * size + j];
                }
            }
        }
        return c;
    }

    private static double difference(int size, double[] a, double[] b) {
        double worst = 0;
        for (int i = 0; i < size * size; i++) {
            worst = Math.max(worst, Math.abs(a[i] - b[i]));
        }
        return worst;
    }
}
