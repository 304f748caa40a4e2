package org.kvant.round;

import org.kvant.linalg.FloatKernel;
import org.kvant.linalg.Kernels;

/**
 * A square matrix in strips of 32 rows, each packed into panels for {@link FloatKernel}: rounding multiplies errors of some rows of
 * weights by one strip at a time. Thread-safe while nobody writes.
 */
final class PackedMatrix {

    /** Rows of a strip. */
    static final int STRIP = 32;

    /** Columns of a diagonal block; a multiple of the block of every type. */
    static final int BLOCK = 256;

    private static final FloatKernel KERNEL = Kernels.floats();

    private final int size;
    private final int stride;
    private final float[][] strips;

    /** A square matrix of zeros. */
    PackedMatrix(int size) {
        this(size, size);
    }

    /** A matrix of zeros with fewer rows than columns. */
    PackedMatrix(int columns, int rows) {
        this.size = columns;
        this.stride = stride(columns);
        this.strips = new float[(rows + STRIP - 1) / STRIP][stride * STRIP];
    }

    /** How far apart rows of a product must be: the size rounded up to whole panels. */
    static int stride(int size) {
        return (size + KERNEL.columns() - 1) / KERNEL.columns() * KERNEL.columns();
    }

    int size() {
        return size;
    }

    private static int at(int i, int j) {
        int width = KERNEL.columns();
        return (j / width * STRIP + i % STRIP) * width + j % width;
    }

    float get(int i, int j) {
        return strips[i / STRIP][at(i, j)];
    }

    void set(int i, int j, float value) {
        strips[i / STRIP][at(i, j)] = value;
    }

    /** Of each row, the columns of its diagonal block, from 0 on. */
    float[][] diagonalBlocks() {
        float[][] blocks = new float[size][BLOCK];
        for (int i = 0; i < size; i++) {
            int start = i - i % BLOCK;
            for (int j = start; j < Math.min(size, start + BLOCK); j++) {
                blocks[i][j - start] = get(i, j);
            }
        }
        return blocks;
    }

    /**
     * {@code C += A · strip}, for at least the columns from {@code from} on.
     *
     * @param a a column for each row of the strip
     * @param c its rows are {@link #stride} apart
     */
    void addProduct(int strip, LeftPanels a, float[] c, int from) {
        addProduct(strip, a, c, 0, stride, from, size);
    }

    /** The same for the columns [from, to), more or less, into an array whose rows are {@code cStride} apart. */
    void addProduct(int strip, LeftPanels a, float[] c, int cOffset, int cStride, int from, int to) {
        int height = KERNEL.rows();
        int width = KERNEL.columns();
        for (int j = from / width * width; j < to; j += width) {
            for (int i = 0; i < a.rows; i += height) {
                KERNEL.multiply(
                        STRIP, a.values, i * STRIP, strips[strip], j * STRIP, c, cOffset + i * cStride + j, cStride);
            }
        }
    }

    /** Some rows by one strip's 32 columns, packed for the kernel. */
    static final class LeftPanels {
        private final int rows;
        private final float[] values;

        LeftPanels(int rows) {
            this.rows = padded(rows);
            this.values = new float[this.rows * STRIP];
        }

        /** The number of rows that a product touches: rounded up to whole tiles. */
        static int padded(int rows) {
            return (rows + KERNEL.rows() - 1) / KERNEL.rows() * KERNEL.rows();
        }

        void set(int row, int k, float value) {
            int height = KERNEL.rows();
            values[(row / height * STRIP + k) * height + row % height] = value;
        }
    }
}
