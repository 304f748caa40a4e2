package org.kvant.codec;

/** MXFP4: 32 E2M1 values under a power of two, {@code e | codes[16]}. */
final class Mxfp4Kernel implements BlockKernel, Fp4.Format {

    private static final int BLOCK = 32;
    private static final int BYTES = 17;
    private static final double LN_2 = Math.log(2);

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            Fp4.encode(x, xo, BLOCK / 2, putScale(x, xo, y, yo, 0), y, yo + 1);
        }
    }

    @Override
    public float putScale(float[] x, int xo, byte[] y, int yo, int g) {
        float amax = Float.intBitsToFloat(Groups.largestMagnitude(x, xo, BLOCK));
        // Below 2^-125 the exponent wraps, as in ggml.
        y[yo] = (byte) (amax > 0 ? (int) (Math.floor((float) (Math.log(amax) / LN_2)) - 2 + 127) : 0);
        return scale(y[yo]);
    }

    @Override
    public int bytes() {
        return BYTES;
    }

    @Override
    public int groups() {
        return 1;
    }

    @Override
    public int half() {
        return BLOCK / 2;
    }

    @Override
    public int codes() {
        return 1;
    }

    /** {@code ggml_e8m0_to_fp32_half}: 2^(e − 128). */
    static float scale(byte exponent) {
        int e = exponent & 0xff;
        return Float.intBitsToFloat(e < 2 ? 0x00200000 << e : e - 1 << 23);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            Fp4.decode(y, yo + 1, BLOCK / 2, scale(y[yo]), x, xo);
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[0];
    }
}
