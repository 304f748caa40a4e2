package org.kvant.linalg;

/** The innermost loop of a matrix product: one tile of C from packed panels of A and B. Stateless. */
public interface FloatKernel {

    /** Rows of a tile. */
    int rows();

    /** Columns of a tile. */
    int columns();

    /**
     * C += A·B for one tile.
     *
     * @param depth the length of the sums
     * @param a {@code depth × rows()} values from {@code aOffset} on: a column of A after the other
     * @param b {@code depth × columns()} values from {@code bOffset} on: a row of B after the other
     * @param c the tile's first value is at {@code cOffset}, its rows are {@code cStride} apart
     */
    void multiply(int depth, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride);
}
