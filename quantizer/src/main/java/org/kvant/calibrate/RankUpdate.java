package org.kvant.calibrate;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Adds X^T X to the upper triangle of a symmetric matrix. Every element is summed by one thread in one order, so that the result does not
 * depend on the number of threads.
 */
final class RankUpdate {
    /** Rows of the result that one thread computes at a time: with a block of X they stay in the second-level cache. */
    private static final int ROWS = 16;

    private static final int TOKENS = 32;

    private RankUpdate() {}

    /** Where row {@code row} of a packed triangle begins, at its diagonal element. */
    static long rowStart(long row, long columns) {
        return row * columns - row * (row - 1) / 2;
    }

    /**
     * Adds the outer products of some vectors to a packed upper triangle, row after row from the diagonal on.
     *
     * @param x {@code rows} vectors of {@code columns} floats
     * @param triangle floats in native order
     * @param offset of the triangle's first element in the segment, in floats
     */
    static void add(float[] x, int rows, int columns, MemorySegment triangle, long offset, Workers workers) {
        int blocks = (columns + ROWS - 1) / ROWS;
        // The first rows are the longest: taken first, the last blocks end together.
        workers.forEach(blocks, block -> {
            int from = block * ROWS;
            int to = Math.min(columns, from + ROWS);
            float[][] sums = new float[to - from][columns];
            for (int t = 0; t < rows; t += TOKENS) {
                for (int i = from; i < to; i++) {
                    addRow(x, t, Math.min(rows, t + TOKENS), i, columns, sums[i - from]);
                }
            }
            for (int i = from; i < to; i++) {
                store(sums[i - from], i, columns, triangle, offset + rowStart(i, columns));
            }
        });
    }

    private static void addRow(float[] x, int fromToken, int toToken, int i, int columns, float[] sum) {
        int t = fromToken;
        for (; t + 4 <= toToken; t += 4) {
            int a = t * columns;
            int b = a + columns;
            int c = b + columns;
            int d = c + columns;
            float xa = x[a + i];
            float xb = x[b + i];
            float xc = x[c + i];
            float xd = x[d + i];
            for (int j = i; j < columns; j++) {
                sum[j] += (xa * x[a + j] + xb * x[b + j]) + (xc * x[c + j] + xd * x[d + j]);
            }
        }
        for (; t < toToken; t++) {
            int a = t * columns;
            float xa = x[a + i];
            for (int j = i; j < columns; j++) {
                sum[j] += xa * x[a + j];
            }
        }
    }

    private static void store(float[] sum, int row, int columns, MemorySegment triangle, long at) {
        for (int j = row; j < columns; j++) {
            long index = at + j - row;
            triangle.setAtIndex(
                    ValueLayout.JAVA_FLOAT, index, triangle.getAtIndex(ValueLayout.JAVA_FLOAT, index) + sum[j]);
        }
    }
}
