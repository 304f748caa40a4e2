package org.kvant.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvant.linalg.vector.VectorKernels;

/** Products against sums in double precision, for shapes around the sizes of tiles and packed blocks. */
class MatricesTest {
    private static final long SEED = Long.getLong("kvant.seed", System.nanoTime());

    static {
        System.out.println("linalg tests: -Dkvant.seed=" + SEED);
    }

    enum Kernel {
        SCALAR,
        VECTOR;

        FloatKernel make() {
            return this == SCALAR ? new ScalarFloatKernel() : new VectorKernels().floats();
        }
    }

    @ParameterizedTest
    @EnumSource(Kernel.class)
    void productsAreThoseOfDefinition(Kernel kernel) {
        Random random = new Random(SEED);
        int[][] shapes = {
            {1, 1, 1}, {8, 48, 288}, {9, 49, 289}, {7, 100, 3}, {200, 500, 33}, {3, 5000, 17}, {2400, 5, 600}
        };
        try (Workers workers = new Workers(3)) {
            Matrices matrices = new Matrices(workers, kernel.make());
            for (int[] shape : shapes) {
                for (int kind = 0; kind < 4; kind++) {
                    product(matrices, random, shape, (kind & 1) != 0, (kind & 2) != 0);
                }
            }
        }
    }

    private static void product(Matrices matrices, Random random, int[] shape, boolean transposeA, boolean transposeB) {
        int m = shape[0];
        int n = shape[1];
        int k = shape[2];
        int aStride = (transposeA ? m : k) + random.nextInt(3);
        int bStride = (transposeB ? k : n) + random.nextInt(3);
        int cStride = n + random.nextInt(3);
        float alpha = random.nextFloat() - 0.5f;
        float beta = new float[] {0, 1, 0.7f}[random.nextInt(3)];
        float[] a = numbers(random, 5 + (transposeA ? k : m) * aStride);
        float[] b = numbers(random, 3 + (transposeB ? n : k) * bStride);
        float[] c = numbers(random, 2 + m * cStride);
        float[] before = c.clone();
        if (beta == 0) {
            Arrays.fill(c, 2, c.length, Float.NaN);
        }
        matrices.multiply(transposeA, transposeB, m, n, k, alpha, a, 5, aStride, b, 3, bStride, beta, c, 2, cStride);
        for (int sample = 0; sample < 500; sample++) {
            int i = sample == 0 ? m - 1 : random.nextInt(m);
            int j = sample == 0 ? n - 1 : random.nextInt(n);
            double sum = 0;
            for (int p = 0; p < k; p++) {
                sum += (double) a[5 + (transposeA ? p * aStride + i : i * aStride + p)]
                        * b[3 + (transposeB ? j * bStride + p : p * bStride + j)];
            }
            double expected = alpha * sum + (beta == 0 ? 0 : beta * before[2 + i * cStride + j]);
            assertThat(Math.abs(c[2 + i * cStride + j] - expected))
                    .as("%s of %s at %d, %d", transposeA + " " + transposeB, Arrays.toString(shape), i, j)
                    .isLessThan(1e-6 * (10 + Math.sqrt(k)));
        }
        for (int i = 0; i < m; i++) {
            for (int j = n; j < cStride; j++) {
                assertThat(Float.floatToRawIntBits(c[2 + i * cStride + j]))
                        .isEqualTo(Float.floatToRawIntBits(beta == 0 ? Float.NaN : before[2 + i * cStride + j]));
            }
        }
        assertThat(c[0]).isEqualTo(before[0]);
    }

    private static float[] numbers(Random random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    @ParameterizedTest
    @EnumSource(Kernel.class)
    void squaresFillTheLowerTriangle(Kernel kernel) {
        Random random = new Random(SEED + 1);
        try (Workers workers = new Workers(2)) {
            Matrices matrices = new Matrices(workers, kernel.make());
            for (int size : new int[] {1, 47, 150, 700}) {
                int rows = 300;
                float[] x = numbers(random, rows * size + 1);
                float[] w = numbers(random, rows + 2);
                float[] h = numbers(random, size * size);
                float[] before = h.clone();
                matrices.addSquares(rows, size, x, 1, w, 2, h);
                matrices.mirror(size, h);
                for (int sample = 0; sample < 400; sample++) {
                    int i = random.nextInt(size);
                    int j = random.nextInt(i + 1);
                    double expected = before[i * size + j];
                    for (int p = 0; p < rows; p++) {
                        expected += (double) w[2 + p] * x[1 + p * size + i] * x[1 + p * size + j];
                    }
                    assertThat(Math.abs(h[i * size + j] - expected)).isLessThan(2e-5);
                    assertThat(h[j * size + i]).isEqualTo(h[i * size + j]);
                }
            }
        }
    }

    @Test
    void theNumberOfThreadsDoesNotMatter() {
        Random random = new Random(SEED + 2);
        float[] a = numbers(random, 333 * 700);
        float[] b = numbers(random, 700 * 444);
        float[] one = new float[333 * 444];
        float[] many = new float[333 * 444];
        new Matrices(Workers.single()).multiply(false, false, 333, 444, 700, a, b, one);
        try (Workers workers = new Workers(5)) {
            new Matrices(workers).multiply(false, false, 333, 444, 700, a, b, many);
        }
        assertThat(many).isEqualTo(one);
    }

    @Test
    void shortArraysAreRefused() {
        Matrices matrices = new Matrices(Workers.single());
        assertThatThrownBy(() -> matrices.multiply(false, false, 2, 2, 2, new float[3], new float[4], new float[4]))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("needs 4 values");
        assertThatThrownBy(() -> matrices.multiply(false, false, 2, 2, 2, new float[4], new float[4], new float[3]))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> matrices.addSquares(2, 2, new float[4], 0, new float[1], 0, new float[4]))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void exceptionsOfTasksReachTheCaller() {
        try (Workers workers = new Workers(3)) {
            assertThatThrownBy(() -> workers.forEach(100, i -> {
                        if (i == 50) {
                            throw new IllegalStateException("task " + i);
                        }
                    }))
                    .hasMessage("task 50");
            int[] done = new int[100];
            workers.forEach(100, i -> done[i]++);
            assertThat(done).containsOnly(1);
        }
    }
}
