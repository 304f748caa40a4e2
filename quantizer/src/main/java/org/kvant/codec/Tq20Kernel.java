package org.kvant.codec;

/** TQ2_0: {@code 2-bit codes[64] | d}; byte l of each half holds values l, l + 32, l + 64 and l + 96. */
final class Tq20Kernel implements BlockKernel {

    private static final int BYTES = 66;
    private static final int D = 64;

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        byte[] codes = new byte[SuperBlock.SIZE];
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            float d = Ternary.scale(x, xo);
            float id = Ternary.inverse(d);
            for (int i = 0; i < SuperBlock.SIZE; i++) {
                codes[i] = (byte) Ternary.code(x[xo + i], id);
            }
            put(codes, d, y, yo);
        }
    }

    static void put(byte[] codes, float d, byte[] y, int yo) {
        Half.put(y, yo + D, d);
        SuperBlock.packPairs(codes, 0, y, yo);
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, xo += SuperBlock.SIZE, yo += BYTES) {
            float d = Half.get(y, yo + D);
            for (int i = 0; i < SuperBlock.SIZE; i++) {
                int q = y[yo + 32 * (i / 128) + i % 32] >> i / 32 % 4 * 2 & 3;
                x[xo + i] = (q - 1) * d;
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D};
    }
}
