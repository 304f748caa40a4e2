package org.kvant.calibrate;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kvant.linalg.Matrices;

/**
 * Adds X^T X to the upper triangle of a symmetric matrix that lies packed outside the heap, some rows at a time. The result does not depend on the
 * number of threads. Not thread-safe.
 */
final class RankUpdate {
    /** Rows of the result computed at a time: what they need besides the triangle stays small next to it. */
    private static final int ROWS = 256;

    private final Matrices matrices;
    private float[] panel = new float[0];

    RankUpdate(Matrices matrices) {
        this.matrices = matrices;
    }

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
    void add(float[] x, int rows, int columns, MemorySegment triangle, long offset) {
        for (int from = 0; from < columns; from += ROWS) {
            int count = Math.min(ROWS, columns - from);
            int width = columns - from;
            if (panel.length < count * width) {
                panel = new float[count * width];
            }
            matrices.multiply(
                    true, false, count, width, rows, 1, x, from, columns, x, from, columns, 0, panel, 0, width);
            int first = from;
            float[] sums = panel;
            matrices.workers()
                    .forEach(
                            count,
                            i -> store(
                                    sums, i * width + i, triangle, offset + rowStart(first + i, columns), width - i));
        }
    }

    private static void store(float[] sums, int at, MemorySegment triangle, long to, int length) {
        for (int j = 0; j < length; j++) {
            float sum = triangle.getAtIndex(ValueLayout.JAVA_FLOAT, to + j) + sums[at + j];
            triangle.setAtIndex(ValueLayout.JAVA_FLOAT, to + j, sum);
        }
    }
}
