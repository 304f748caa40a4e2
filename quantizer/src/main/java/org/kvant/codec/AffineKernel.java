package org.kvant.codec;

/** Q2_K, Q4_K and Q5_K ({@code quantize_row_q*_K_ref} and {@code _impl}). */
final class AffineKernel implements BlockKernel {

    private final AffineFormat format;

    AffineKernel(AffineFormat format) {
        this.format = format;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        int n = format.group();
        AffineSearch search = format.plain();
        float[] weights = new float[n];
        float[] scratch = new float[n];
        float[] scales = new float[format.groups()];
        float[] mins = new float[format.groups()];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += format.bytes()) {
            for (int j = 0; j < format.groups(); j++) {
                int group = xo + n * j;
                float level = format.levelled() ? Groups.sqrt(Groups.sumOfSquares(x, group, n) / n) : 0;
                for (int l = 0; l < n; l++) {
                    weights[l] = level + Math.abs(x[group + l]);
                }
                scales[j] = search.search(x, group, weights, scratch, codes, n * j, mins, j);
            }
            format.putScales(scales, mins, 0, y, yo);
            putCodes(x, xo, codes, y, yo);
        }
    }

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        int n = format.group();
        AffineSearch search = format.weighted();
        float[] weights = new float[n];
        float[] scratch = new float[n];
        float[] sums = new float[format.groups()];
        float[] scales = new float[format.groups()];
        float[] mins = new float[format.groups()];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column += SuperBlock.SIZE) {
                float sigma2 = format.sigmaFactor() * Groups.sumOfSquares(x, xo, SuperBlock.SIZE) / SuperBlock.SIZE;
                for (int j = 0; j < format.groups(); j++) {
                    Groups.weights(x, xo + n * j, n, importance, column + n * j, sigma2, weights);
                    sums[j] = Groups.sum(weights, 0, n);
                    scales[j] = search.search(x, xo + n * j, weights, scratch, codes, n * j, mins, j);
                }
                format.putScales(scales, mins, sums, 0, y, yo);
                putCodes(x, xo, codes, y, yo);
                xo += SuperBlock.SIZE;
                yo += format.bytes();
            }
        }
    }

    /** Rounds the codes to the stored scales; where one is zero, the codes that the search left stay. */
    private void putCodes(float[] x, int xo, byte[] codes, byte[] y, int yo) {
        int n = format.group();
        int nmax = format.plain().nmax();
        for (int j = 0; j < format.groups(); j++) {
            float step = format.step(y, yo, j);
            if (step != 0) {
                float offset = format.offset(y, yo, j);
                for (int i = n * j; i < n * (j + 1); i++) {
                    codes[i] = (byte) Rounding.clamp(Rounding.nearest((x[xo + i] + offset) / step), 0, nmax);
                }
            }
        }
        format.putCodes(codes, y, yo);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += format.bytes()) {
            format.decode(y, yo, x, xo);
        }
    }

    @Override
    public int[] scaleOffsets() {
        return format.scaleOffsets();
    }
}
