package org.kvant.quantize;

/** The weights of a matrix, some rows at a time. Thread-safe. */
interface MatrixSource {
    long rows();

    int columns();

    /** {@code count × columns} values; the array is the caller's. */
    float[] rows(long first, int count);

    /** Rows spread evenly over the matrix. */
    default float[] sample(int count) {
        float[] values = new float[Math.multiplyExact(count, columns())];
        for (int i = 0; i < count; i++) {
            System.arraycopy(rows(i * rows() / count, 1), 0, values, i * columns(), columns());
        }
        return values;
    }
}
