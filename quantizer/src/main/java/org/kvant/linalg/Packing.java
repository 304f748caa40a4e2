package org.kvant.linalg;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Moves values between matrices and the panels that the kernels read. */
final class Packing {
    /** Values of a line read at a time, so that the panel's part being written stays in the first-level cache. */
    private static final int STEP = 32;

    private Packing() {}

    /**
     * Packs some lines as {@code depth × panel}, with zeros where lines are missing.
     *
     * @param from where the first line's first value is
     * @param depthFirst whether the values of one depth lie side by side, or else those of one line
     */
    static void panel(
            float[] source,
            int from,
            int stride,
            boolean depthFirst,
            int lines,
            int depth,
            float[] target,
            int at,
            int panel) {
        if (lines < panel) {
            Arrays.fill(target, at, at + panel * depth, 0);
        }
        if (depthFirst) {
            for (int k = 0; k < depth; k++) {
                System.arraycopy(source, from + k * stride, target, at + k * panel, lines);
            }
            return;
        }
        for (int start = 0; start < depth; start += STEP) {
            int end = Math.min(depth, start + STEP);
            for (int line = 0; line < lines; line++) {
                int row = from + line * stride;
                int to = at + line;
                for (int k = start; k < end; k++) {
                    target[to + k * panel] = source[row + k];
                }
            }
        }
    }

    /** Multiplies a packed panel by a number and by one weight a depth. */
    static void scale(
            float[] target, int at, int panel, int depth, float alpha, float @Nullable [] weights, int weightsOffset) {
        if (weights == null && alpha == 1) {
            return;
        }
        for (int k = 0; k < depth; k++) {
            float factor = weights == null ? alpha : alpha * weights[weightsOffset + k];
            for (int i = at + k * panel; i < at + (k + 1) * panel; i++) {
                target[i] *= factor;
            }
        }
    }

    /** Adds the part of a tile that lies within the matrix and sets the tile to zero again. */
    static void addTile(float[] tile, int tileColumns, int rows, int columns, float[] target, int at, int stride) {
        for (int row = 0; row < rows; row++) {
            int from = row * tileColumns;
            int to = at + row * stride;
            for (int i = 0; i < columns; i++) {
                target[to + i] += tile[from + i];
            }
        }
        Arrays.fill(tile, 0);
    }
}
