package org.kvant.linalg;

/** The kernel without the Vector API; C2 vectorises its inner loop. */
final class ScalarFloatKernel implements FloatKernel {
    private static final int ROWS = 4;
    private static final int COLUMNS = 64;

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public int columns() {
        return COLUMNS;
    }

    @Override
    public void multiply(
            int depth, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride) {
        for (int r = 0; r < ROWS; r++) {
            int at = cOffset + r * cStride;
            for (int k = 0; k < depth; k++) {
                float factor = a[aOffset + k * ROWS + r];
                int bi = bOffset + k * COLUMNS;
                for (int j = 0; j < COLUMNS; j++) {
                    c[at + j] = Math.fma(factor, b[bi + j], c[at + j]);
                }
            }
        }
    }
}
