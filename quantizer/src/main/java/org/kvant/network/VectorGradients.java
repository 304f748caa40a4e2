package org.kvant.network;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.kvant.linalg.Workers;

/** Sums of dL/dw over tokens for norms and biases, by tensor name. Not thread-safe. */
public final class VectorGradients {
    private static final int BLOCK = 64;

    private final Map<String, double[]> sums = new LinkedHashMap<>();

    /** The sums so far, one array a tensor. */
    public Map<String, double[]> sums() {
        return Collections.unmodifiableMap(sums);
    }

    /** dL/db for Y = X·Wᵀ + b: the sum of the rows of {@code gradient}. */
    void addBias(String name, int rows, int columns, float[] gradient, Workers workers) {
        double[] sum = sums.computeIfAbsent(name, n -> new double[columns]);
        inBlocks(columns, workers, (from, to) -> {
            for (int row = 0; row < rows; row++) {
                for (int i = from; i < to; i++) {
                    sum[i] += gradient[row * columns + i];
                }
            }
        });
    }

    /** dL/dw for y = w · x · inverse: the sum of gradient · x · inverse. */
    void addNorm(String name, int rows, int columns, float[] x, float[] inverse, float[] gradient, Workers workers) {
        double[] sum = sums.computeIfAbsent(name, n -> new double[columns]);
        inBlocks(columns, workers, (from, to) -> {
            for (int row = 0; row < rows; row++) {
                float factor = inverse[row];
                for (int i = from; i < to; i++) {
                    sum[i] += gradient[row * columns + i] * x[row * columns + i] * factor;
                }
            }
        });
    }

    /** Threads take columns, not rows, so that the order of the sums does not depend on their number. */
    private static void inBlocks(int columns, Workers workers, Workers.RangeTask task) {
        int blocks = (columns + BLOCK - 1) / BLOCK;
        workers.forEach(blocks, i -> task.run(i * BLOCK, Math.min(columns, (i + 1) * BLOCK)));
    }
}
