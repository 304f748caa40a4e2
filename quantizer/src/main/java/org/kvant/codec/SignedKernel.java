package org.kvant.codec;

/** Q3_K and Q6_K ({@code quantize_row_q*_K_ref} and {@code _impl}). */
final class SignedKernel implements BlockKernel {

    private static final int GROUP = SignedFormat.GROUP;
    private static final int GROUPS = SignedFormat.GROUPS;

    private final SignedFormat format;

    SignedKernel(SignedFormat format) {
        this.format = format;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        float[] scales = new float[GROUPS];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += format.bytes()) {
            for (int j = 0; j < GROUPS; j++) {
                int group = GROUP * j;
                scales[j] = format.plainByCode()
                        ? ScaleSearch.signedByCode(GROUP, format.half(), x, xo + group, codes, group)
                        : ScaleSearch.signed(GROUP, format.half(), x, xo + group, codes, group, null, 0);
            }
            if (format.putScales(scales, y, yo)) {
                putCodes(x, xo, codes, y, yo);
            }
        }
    }

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        float[] weights = new float[GROUP];
        float[] sums = new float[GROUPS];
        float[] scales = new float[GROUPS];
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column += SuperBlock.SIZE) {
                float sigma2 = 2 * Groups.sumOfSquares(x, xo, SuperBlock.SIZE) / SuperBlock.SIZE;
                for (int j = 0; j < GROUPS; j++) {
                    int group = GROUP * j;
                    if (format.sigmaWeighted()) {
                        Groups.weights(x, xo + group, GROUP, importance, column + group, sigma2, weights);
                    } else {
                        System.arraycopy(importance, column + group, weights, 0, GROUP);
                    }
                    sums[j] = Groups.sum(weights, 0, GROUP);
                    scales[j] = ScaleSearch.signed(GROUP, format.half(), x, xo + group, codes, group, weights, 0);
                }
                if (format.putScales(scales, sums, y, yo)) {
                    putCodes(x, xo, codes, y, yo);
                }
                xo += SuperBlock.SIZE;
                yo += format.bytes();
            }
        }
    }

    /** Rounds the codes to the stored scales; where one is zero, the codes that the search left stay. */
    private void putCodes(float[] x, int xo, byte[] codes, byte[] y, int yo) {
        int half = format.half();
        for (int j = 0; j < GROUPS; j++) {
            float step = format.step(y, yo, j);
            if (step != 0) {
                for (int i = GROUP * j; i < GROUP * (j + 1); i++) {
                    codes[i] = (byte) (half + Rounding.clamp(Rounding.nearest(x[xo + i] / step), -half, half - 1));
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
