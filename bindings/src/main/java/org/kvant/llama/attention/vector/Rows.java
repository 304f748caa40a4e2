package org.kvant.llama.attention.vector;

/** Unpacks rows of a quantized type. */
interface Rows {
    /**
     * Unpacks rows of 32-value blocks one behind the other.
     *
     * @param address of the first row
     * @param stride bytes from one row to the next
     * @param width values of a row, a multiple of 32
     * @param target at least {@code rows * width} long
     */
    void unpack(long address, long stride, int rows, int width, float[] target);
}
