package org.kvant.codec;

/** Codes of a 32-value block packed two to a byte, value j with value j + 16, and a fifth bit in a 32-bit word. */
public final class Nibbles {

    private Nibbles() {}

    /** Packs the low four bits of 32 codes into 16 bytes. */
    public static void pack(byte[] codes, int co, byte[] y, int yo) {
        for (int j = 0; j < 16; j++) {
            y[yo + j] = (byte) (codes[co + j] & 0xf | codes[co + 16 + j] << 4);
        }
    }

    /** Packs the fifth bit of 32 codes, bit j for value j, little-endian. */
    public static void packFifthBits(byte[] codes, int co, byte[] y, int yo) {
        int bits = 0;
        for (int j = 0; j < 32; j++) {
            bits |= (codes[co + j] >> 4 & 1) << j;
        }
        putFifthBits(bits, y, yo);
    }

    /** Stores 32 fifth bits. */
    public static void putFifthBits(int bits, byte[] y, int yo) {
        y[yo] = (byte) bits;
        y[yo + 1] = (byte) (bits >> 8);
        y[yo + 2] = (byte) (bits >> 16);
        y[yo + 3] = (byte) (bits >> 24);
    }

    static int fifthBits(byte[] y, int yo) {
        return y[yo] & 0xff | (y[yo + 1] & 0xff) << 8 | (y[yo + 2] & 0xff) << 16 | y[yo + 3] << 24;
    }
}
