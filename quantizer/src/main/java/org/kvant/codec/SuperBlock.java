package org.kvant.codec;

/** Layouts that the 256-value super-block types share. */
public final class SuperBlock {

    public static final int SIZE = 256;

    private SuperBlock() {}

    /**
     * Packs eight 6-bit scales and eight 6-bit minimums into 12 bytes, as Q4_K and Q5_K: bytes 0..3 hold scales 0..3, bytes
     * 4..7 minimums 0..3, each with two bits of its partner four further on above; bytes 8..11 hold the low nibbles of scales
     * and minimums 4..7.
     */
    public static void packScales(byte[] scales, byte[] mins, int so, byte[] y, int yo) {
        for (int j = 0; j < 4; j++) {
            int scale = scales[so + j + 4] & 0xff;
            int min = mins[so + j + 4] & 0xff;
            y[yo + j] = (byte) (scales[so + j] | scale >> 4 << 6);
            y[yo + 4 + j] = (byte) (mins[so + j] | min >> 4 << 6);
            y[yo + 8 + j] = (byte) (scale & 0xf | min << 4);
        }
    }

    public static int scale(byte[] y, int yo, int j) {
        return j < 4 ? y[yo + j] & 63 : y[yo + j + 4] & 0xf | (y[yo + j - 4] >> 6 & 3) << 4;
    }

    public static int min(byte[] y, int yo, int j) {
        return j < 4 ? y[yo + j + 4] & 63 : y[yo + j + 4] >> 4 & 0xf | (y[yo + j] >> 6 & 3) << 4;
    }

    /** Packs 256 two-bit codes: byte l of each half holds values l, l + 32, l + 64 and l + 96. */
    public static void packPairs(byte[] codes, int co, byte[] y, int yo) {
        for (int half = 0; half < 2; half++) {
            int c = co + 128 * half;
            int q = yo + 32 * half;
            for (int l = 0; l < 32; l++) {
                y[q + l] = (byte) (codes[c + l] & 3
                        | (codes[c + l + 32] & 3) << 2
                        | (codes[c + l + 64] & 3) << 4
                        | (codes[c + l + 96] & 3) << 6);
            }
        }
    }

    /** Packs 256 four-bit codes: byte l of each quarter holds values l and l + 32. */
    public static void packNibbles(byte[] codes, int co, byte[] y, int yo) {
        for (int quarter = 0; quarter < 4; quarter++) {
            int c = co + 64 * quarter;
            int q = yo + 32 * quarter;
            for (int l = 0; l < 32; l++) {
                y[q + l] = (byte) (codes[c + l] & 0xf | codes[c + l + 32] << 4);
            }
        }
    }

    /** Gathers one bit of 256 codes: bit k of byte l for value 32·k + l. */
    public static void packBit(byte[] codes, int co, int bit, byte[] y, int yo) {
        for (int l = 0; l < 32; l++) {
            int bits = 0;
            for (int k = 0; k < 8; k++) {
                bits |= (codes[co + 32 * k + l] >> bit & 1) << k;
            }
            y[yo + l] = (byte) bits;
        }
    }

    /** Packs Q6_K's 256 six-bit codes: low nibbles in 128 bytes, then the high pairs in 64. */
    public static void packSixBits(byte[] codes, int co, byte[] y, int yo) {
        for (int half = 0; half < 2; half++) {
            int c = co + 128 * half;
            int low = yo + 64 * half;
            int high = yo + 128 + 32 * half;
            for (int l = 0; l < 32; l++) {
                int q1 = codes[c + l];
                int q2 = codes[c + l + 32];
                int q3 = codes[c + l + 64];
                int q4 = codes[c + l + 96];
                y[low + l] = (byte) (q1 & 0xf | q3 << 4);
                y[low + 32 + l] = (byte) (q2 & 0xf | q4 << 4);
                y[high + l] = (byte) (q1 >> 4 | q2 >> 4 << 2 | q3 >> 4 << 4 | q4 >> 4 << 6);
            }
        }
    }
}
