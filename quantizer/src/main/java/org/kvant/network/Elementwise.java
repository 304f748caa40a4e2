package org.kvant.network;

import org.kvant.linalg.Workers;

/** Loops that C2 vectorises by itself. */
final class Elementwise {
    private static final int GRAIN = 1 << 16;

    private Elementwise() {}

    /** sum = a + b; the arrays may be the same. */
    static void add(int length, float[] a, float[] b, float[] sum, Workers workers) {
        workers.forRanges(length, GRAIN, (from, to) -> {
            for (int i = from; i < to; i++) {
                sum[i] = a[i] + b[i];
            }
        });
    }

    /** Adds one vector to every row. */
    static void addToRows(int rows, int columns, float[] x, float[] vector, Workers workers) {
        workers.forRanges(rows, Math.max(1, GRAIN / columns), (from, to) -> {
            for (int row = from; row < to; row++) {
                for (int i = 0; i < columns; i++) {
                    x[row * columns + i] += vector[i];
                }
            }
        });
    }
}
