package org.kvant.linalg;

import java.util.Arrays;

/**
 * Products of doubles for {@link Cholesky}: C −= A·op(B), packed whole, so one operand at least must be narrow.
 */
final class DoubleProducts {
    private static final int TASK_TILES = 16;

    private final Workers workers;
    private final DoubleKernel kernel;

    DoubleProducts(Workers workers, DoubleKernel kernel) {
        this.workers = workers;
        this.kernel = kernel;
    }

    /** A block of a square row-major matrix. */
    record Block(double[] values, int size, int row, int column) {
        int at(int i, int j) {
            return (row + i) * size + column + j;
        }
    }

    /**
     * @param transposeA whether the block at {@code a} is {@code depth × rows} instead of {@code rows × depth}
     * @param transposeB whether the block at {@code b} is {@code columns × depth} instead of {@code depth × columns}
     * @param lower leaves tiles above the diagonal of C out
     */
    void subtract(
            boolean transposeA,
            boolean transposeB,
            int rows,
            int columns,
            int depth,
            Block a,
            Block b,
            Block c,
            boolean lower) {
        if (rows == 0 || columns == 0 || depth == 0) {
            return;
        }
        int height = kernel.rows();
        int width = kernel.columns();
        double[] left = pack(a, !transposeA, rows, depth, height, -1);
        double[] right = pack(b, transposeB, columns, depth, width, 1);
        int down = (rows + height - 1) / height;
        int across = (columns + width - 1) / width;
        int pieces = (down + TASK_TILES - 1) / TASK_TILES;
        workers.forEach(pieces * across, task -> {
            int j = task / pieces;
            double[] tile = new double[height * width];
            int end = Math.min(down, (task % pieces + 1) * TASK_TILES);
            for (int i = task % pieces * TASK_TILES; i < end; i++) {
                if (lower && (i + 1) * height <= j * width) {
                    continue;
                }
                Arrays.fill(tile, 0);
                kernel.multiply(depth, left, i * height * depth, right, j * width * depth, tile, 0, width);
                for (int r = 0; r < Math.min(height, rows - i * height); r++) {
                    int to = c.at(i * height + r, j * width);
                    for (int k = 0; k < Math.min(width, columns - j * width); k++) {
                        c.values[to + k] += tile[r * width + k];
                    }
                }
            }
        });
    }

    private double[] pack(Block block, boolean linesAreRows, int lines, int depth, int panel, double factor) {
        int panels = (lines + panel - 1) / panel;
        double[] packed = new double[panels * panel * depth];
        workers.forEach(panels, p -> {
            for (int line = p * panel; line < Math.min(lines, (p + 1) * panel); line++) {
                int to = p * panel * depth + line % panel;
                for (int k = 0; k < depth; k++) {
                    packed[to + k * panel] =
                            factor * block.values[linesAreRows ? block.at(line, k) : block.at(k, line)];
                }
            }
        });
        return packed;
    }
}
