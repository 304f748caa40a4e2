package org.kvant.calibrate;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The second moment of one input, sum of x x^T: for each matrix an upper triangle of floats outside the heap, without position 0, whose vectors
 * are kept apart. Each micro-batch is summed on its own before it is added, which keeps the rounding errors of a long sum small.
 */
final class FullMoment {
    private final LinearInput input;
    private final MemorySegment triangles;
    private final SinkRows sink = new SinkRows();

    /** @param arena frees the triangles */
    FullMoment(LinearInput input, Arena arena) {
        this.input = input;
        this.triangles = arena.allocate(input.momentBytes(), Long.BYTES);
    }

    MemorySegment triangles() {
        return triangles;
    }

    SinkRows sink() {
        return sink;
    }

    /**
     * Adds vectors of positions other than 0.
     *
     * @param x {@code rows} vectors, overwritten if there are weights
     * @param weights what each vector's outer product counts; null for 1
     */
    void add(int matrix, float[] x, int rows, float @Nullable [] weights, RankUpdate update) {
        int columns = input.columns();
        if (weights != null) {
            for (int row = 0; row < rows; row++) {
                float root = (float) Math.sqrt(weights[row]);
                for (int j = row * columns; j < (row + 1) * columns; j++) {
                    x[j] *= root;
                }
            }
        }
        update.add(x, rows, columns, triangles, matrix * input.triangle());
    }

    /** Overwrites the state with a saved one. */
    void restore(MemorySegment saved) {
        MemorySegment.copy(saved, ValueLayout.JAVA_BYTE, 0, triangles, ValueLayout.JAVA_BYTE, 0, triangles.byteSize());
    }
}
