package org.kvant.codec;

/** NVFP4: 4 groups of 16 E2M1 values under an unsigned E4M3 scale each, {@code scales[4] | codes[4][8]}. */
final class Nvfp4Kernel implements BlockKernel, Fp4.Format {

    private static final int BLOCK = 64;
    private static final int GROUP = 16;
    private static final int GROUPS = 4;
    private static final int BYTES = 36;
    private static final float LARGEST_SCALE = 448;
    private static final int LARGEST_CODE = 0x7e;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            for (int g = 0; g < GROUPS; g++) {
                float scale = putScale(x, xo + GROUP * g, y, yo, g);
                Fp4.encode(x, xo + GROUP * g, GROUP / 2, scale, y, yo + GROUPS + GROUP / 2 * g);
            }
        }
    }

    @Override
    public float putScale(float[] x, int xo, byte[] y, int yo, int g) {
        float amax = Float.intBitsToFloat(Groups.largestMagnitude(x, xo, GROUP));
        int code = scaleCode(amax / 6);
        y[yo + g] = (byte) code;
        return scale(code);
    }

    @Override
    public int bytes() {
        return BYTES;
    }

    @Override
    public int groups() {
        return GROUPS;
    }

    @Override
    public int half() {
        return GROUP / 2;
    }

    @Override
    public int codes() {
        return GROUPS;
    }

    /** {@code ggml_fp32_to_ue4m3}: bias 7, three mantissa bits, half up, largest 448. */
    private static int scaleCode(float v) {
        if (!(v > 0)) {
            return 0;
        }
        int bits = Float.floatToRawIntBits(Math.min(v, LARGEST_SCALE));
        int exponent = (bits >> 23) - 127 + 7;
        if (exponent <= 0) {
            return Math.min(7, (int) (Float.intBitsToFloat(bits) * 512 + 0.5f));
        }
        int mantissa = (bits >> 20 & 7) + (bits >> 19 & 1);
        // ggml uses no exponent of 15 but in the largest code: from 256 on, every scale becomes 448.
        int code = (exponent << 3) + mantissa;
        return code >= 15 << 3 ? LARGEST_CODE : code;
    }

    /** {@code ggml_ue4m3_to_fp32}: half the value, for the doubled values of {@link Fp4}; 0x7f is NaN and taken as 0. */
    static float scale(int code) {
        int exponent = code >> 3 & 0xf;
        int mantissa = code & 7;
        if (code == 0 || code == 0x7f) {
            return 0;
        }
        return exponent == 0 ? Math.scalb((float) mantissa, -10) : Math.scalb(1 + mantissa / 8f, exponent - 8);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += BLOCK, yo += BYTES) {
            for (int g = 0; g < GROUPS; g++) {
                Fp4.decode(y, yo + GROUPS + GROUP / 2 * g, GROUP / 2, scale(y[yo + g] & 0xff), x, xo + GROUP * g);
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[0];
    }
}
