package org.kvant.codec;

/** TQ1_0: five ternary digits a byte, {@code 32 bytes of 5 digits | 16 of 5 | 4 of 4 | d}. */
final class Tq10Kernel implements BlockKernel {

    private static final int BYTES = 54;
    private static final int D = 52;

    /** Sections of a block: first byte, bytes, digits in each. Digit n of byte m is value {@code n · bytes + m}. */
    private static final int[][] SECTIONS = {{0, 32, 5}, {32, 16, 5}, {48, 4, 4}};

    private static final int[] POWERS_OF_3 = {1, 3, 9, 27, 81};

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
        int from = 0;
        for (int[] section : SECTIONS) {
            int width = section[1];
            for (int m = 0; m < width; m++) {
                int q = 0;
                for (int n = 0; n < section[2]; n++) {
                    q = q * 3 + codes[from + n * width + m];
                }
                if (section[2] == 4) {
                    q *= 3;
                }
                // The digits as a fraction of 3^5, rounded up to 256ths.
                y[yo + section[0] + m] = (byte) ((q * 256 + 242) / 243);
            }
            from += width * section[2];
        }
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        for (int b = 0; b < blocks; b++, yo += BYTES) {
            float d = Half.get(y, yo + D);
            for (int[] section : SECTIONS) {
                for (int n = 0; n < section[2]; n++) {
                    for (int m = 0; m < section[1]; m++) {
                        int q = y[yo + section[0] + m] * POWERS_OF_3[n] & 0xff;
                        x[xo++] = ((q * 3 >> 8) - 1) * d;
                    }
                }
            }
        }
    }

    @Override
    public int[] scaleOffsets() {
        return new int[] {D};
    }
}
