package org.kvant.linalg;

import org.jspecify.annotations.Nullable;

/**
 * Products of row-major float matrices, as BLAS names them, on a number of threads. The result does not depend on that
 * number. Thread-safe.
 *
 * <p>The blocking is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): both
 * operands are packed into panels, a kernel multiplies panels into tiles held in registers.
 */
public final class Matrices {
    /** Length of the packed sums: panels of A and B of this depth stay in the second-level cache. */
    private static final int DEPTH = 288;

    /** Rows and columns packed at a time; together with DEPTH they bound the memory of a product to some 8 MB. */
    private static final int MAX_ROWS = 2304;

    private static final int MAX_COLUMNS = 4608;

    /** Columns of B that one task multiplies with all rows it has: they stay in the second-level cache. */
    private static final int TASK_COLUMNS = 384;

    private static final int TASK_ROWS = 192;

    private static final ThreadLocal<Packed> PACKED = ThreadLocal.withInitial(Packed::new);

    private final Workers workers;
    private final FloatKernel kernel;

    private static final class Packed {
        float[] a = new float[0];
        float[] b = new float[0];
    }

    public Matrices(Workers workers) {
        this(workers, Kernels.floats());
    }

    Matrices(Workers workers, FloatKernel kernel) {
        this.workers = workers;
        this.kernel = kernel;
    }

    /** The threads that products run on. */
    public Workers workers() {
        return workers;
    }

    /**
     * C = alpha · op(A) · op(B) + beta · C, where op transposes or does not.
     *
     * @param transposeA whether A is stored as {@code depth × rows} instead of {@code rows × depth}
     * @param transposeB whether B is stored as {@code columns × depth} instead of {@code depth × columns}
     * @param rows of C
     * @param columns of C
     * @param depth the length of the sums
     * @param a A, its first value at {@code aOffset}, its stored rows {@code aStride} apart; likewise B and C
     * @param beta 0 ignores what C holds, NaN included
     * @throws IndexOutOfBoundsException if an array is too short
     */
    public void multiply(
            boolean transposeA,
            boolean transposeB,
            int rows,
            int columns,
            int depth,
            float alpha,
            float[] a,
            int aOffset,
            int aStride,
            float[] b,
            int bOffset,
            int bStride,
            float beta,
            float[] c,
            int cOffset,
            int cStride) {
        Operand left = new Operand(a, aOffset, aStride, transposeA, rows, depth);
        Operand right = new Operand(b, bOffset, bStride, !transposeB, columns, depth);
        run(left, right, alpha, null, 0, beta, new Target(c, cOffset, cStride, rows, columns, false));
    }

    /** C = op(A) · op(B) for matrices without gaps, see the long form. */
    public void multiply(
            boolean transposeA, boolean transposeB, int rows, int columns, int depth, float[] a, float[] b, float[] c) {
        multiply(
                transposeA,
                transposeB,
                rows,
                columns,
                depth,
                1,
                a,
                0,
                transposeA ? rows : depth,
                b,
                0,
                transposeB ? depth : columns,
                0,
                c,
                0,
                columns);
    }

    /**
     * H += Xᵀ · diag(w) · X, its lower triangle only; {@link #mirror} fills the upper one.
     *
     * @param x {@code rows × columns} values from {@code xOffset} on
     * @param weights one a row of X from {@code weightsOffset} on, or null for ones
     * @param h {@code columns × columns}
     */
    public void addSquares(
            int rows, int columns, float[] x, int xOffset, float @Nullable [] weights, int weightsOffset, float[] h) {
        if (weights != null) {
            checkRange("weights", weights.length, weightsOffset, rows);
        }
        Operand side = new Operand(x, xOffset, columns, true, columns, rows);
        run(side, side, 1, weights, weightsOffset, 1, new Target(h, 0, columns, columns, columns, true));
    }

    /** Copies the lower triangle of a square matrix into the upper one. */
    public void mirror(int size, float[] h) {
        checkRange("the matrix", h.length, 0, (long) size * size);
        int block = 64;
        int blocks = (size + block - 1) / block;
        workers.forEach(blocks, i -> {
            int end = Math.min(size, (i + 1) * block);
            for (int from = 0; from < end; from += block) {
                for (int row = i * block; row < end; row++) {
                    for (int column = from; column < Math.min(row, from + block); column++) {
                        h[column * size + row] = h[row * size + column];
                    }
                }
            }
        });
    }

    /** An operand seen as {@code lines × depth}: the lines are rows of A or columns of B. */
    private record Operand(float[] values, int offset, int stride, boolean depthFirst, int lines, int depth) {
        Operand {
            int last = depthFirst ? depth : lines;
            int width = depthFirst ? lines : depth;
            check(values.length, offset, stride, last, width);
        }
    }

    private record Target(float[] values, int offset, int stride, int rows, int columns, boolean lower) {
        Target {
            check(values.length, offset, stride, rows, columns);
        }
    }

    private static void check(int length, int offset, int stride, int rows, int width) {
        if (rows < 0 || width < 0 || stride < width) {
            throw new IndexOutOfBoundsException(
                    "a matrix of " + rows + " × " + width + " cannot have rows " + stride + " apart");
        }
        if (rows > 0) {
            checkRange("the matrix", length, offset, (rows - 1L) * stride + width);
        }
    }

    private static void checkRange(String what, int length, int offset, long needed) {
        if (offset < 0 || needed < 0 || offset + needed > length) {
            throw new IndexOutOfBoundsException(
                    what + " needs " + needed + " values from " + offset + " on, the array has " + length);
        }
    }

    private void run(
            Operand left,
            Operand right,
            float alpha,
            float @Nullable [] weights,
            int weightsOffset,
            float beta,
            Target target) {
        int depth = left.depth;
        if (beta != 1) {
            scale(target, beta);
        }
        if (depth == 0 || alpha == 0) {
            return;
        }
        Packed packed = PACKED.get();
        for (int column = 0; column < target.columns; column += MAX_COLUMNS) {
            int columns = Math.min(MAX_COLUMNS, target.columns - column);
            for (int k = 0; k < depth; k += DEPTH) {
                int length = Math.min(DEPTH, depth - k);
                packed.b = pack(packed.b, right, column, columns, k, length, kernel.columns(), 1, null, 0);
                for (int row = 0; row < target.rows; row += MAX_ROWS) {
                    int rows = Math.min(MAX_ROWS, target.rows - row);
                    if (target.lower && row + rows <= column) {
                        continue;
                    }
                    packed.a = pack(
                            packed.a, left, row, rows, k, length, kernel.rows(), alpha, weights, weightsOffset + k);
                    tiles(packed.a, packed.b, length, target, row, rows, column, columns);
                }
            }
        }
    }

    private void scale(Target t, float factor) {
        workers.forRanges(t.rows, 64, (from, to) -> {
            for (int row = from; row < to; row++) {
                int at = t.offset + row * t.stride;
                for (int i = at; i < at + t.columns; i++) {
                    t.values[i] = factor == 0 ? 0 : factor * t.values[i];
                }
            }
        });
    }

    private float[] pack(
            float[] buffer,
            Operand operand,
            int first,
            int lines,
            int k,
            int depth,
            int panel,
            float alpha,
            float @Nullable [] weights,
            int weightsOffset) {
        int panels = (lines + panel - 1) / panel;
        int needed = panels * panel * depth;
        float[] target = buffer.length >= needed ? buffer : new float[needed];
        workers.forRanges(panels, Math.max(1, 16384 / (panel * depth)), (from, to) -> {
            for (int p = from; p < to; p++) {
                int line = first + p * panel;
                int filled = Math.min(panel, first + lines - line);
                int at = p * panel * depth;
                Packing.panel(
                        operand.values,
                        operand.offset + (operand.depthFirst ? k * operand.stride + line : line * operand.stride + k),
                        operand.stride,
                        operand.depthFirst,
                        filled,
                        depth,
                        target,
                        at,
                        panel);
                Packing.scale(target, at, panel, depth, alpha, weights, weightsOffset);
            }
        });
        return target;
    }

    private void tiles(float[] a, float[] b, int depth, Target target, int row, int rows, int column, int columns) {
        int tileRows = kernel.rows();
        int tileColumns = kernel.columns();
        int wanted = workers.threads() == 1 ? 1 : 4 * workers.threads();
        int tilesAcross = Math.max(1, TASK_COLUMNS / tileColumns);
        int tilesDown = Math.max(1, TASK_ROWS / tileRows);
        while (tasks(columns, tilesAcross * tileColumns) * tasks(rows, tilesDown * tileRows) < wanted
                && tilesAcross * tilesDown > 1) {
            if (tilesAcross > 1 && (tilesAcross * tileColumns >= tilesDown * tileRows || tilesDown == 1)) {
                tilesAcross = Math.max(1, tilesAcross / 2);
            } else {
                tilesDown = Math.max(1, tilesDown / 2);
            }
        }
        int taskColumns = tilesAcross * tileColumns;
        int taskRows = tilesDown * tileRows;
        int across = tasks(columns, taskColumns);
        int down = tasks(rows, taskRows);
        workers.forEach(across * down, task -> {
            int rowFrom = task % down * taskRows;
            int rowTo = Math.min(rows, rowFrom + taskRows);
            int columnFrom = task / down * taskColumns;
            int columnTo = Math.min(columns, columnFrom + taskColumns);
            float[] edge = new float[tileRows * tileColumns];
            for (int j = columnFrom; j < columnTo; j += tileColumns) {
                for (int i = rowFrom; i < rowTo; i += tileRows) {
                    int height = Math.min(tileRows, rows - i);
                    int width = Math.min(tileColumns, columns - j);
                    if (target.lower && row + i + height <= column + j) {
                        continue;
                    }
                    int at = target.offset + (row + i) * target.stride + column + j;
                    if (height == tileRows && width == tileColumns) {
                        kernel.multiply(depth, a, i * depth, b, j * depth, target.values, at, target.stride);
                    } else {
                        kernel.multiply(depth, a, i * depth, b, j * depth, edge, 0, tileColumns);
                        Packing.addTile(edge, tileColumns, height, width, target.values, at, target.stride);
                    }
                }
            }
        });
    }

    private static int tasks(int size, int each) {
        return (size + each - 1) / each;
    }
}
