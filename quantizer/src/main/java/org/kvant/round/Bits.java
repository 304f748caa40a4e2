package org.kvant.round;

/** Codes between bytes and a {@link Code}. */
final class Bits {

    private Bits() {}

    /** The type's codes of the columns from {@code from} on. */
    static byte[] codes(Code code, int from, int n, Levels levels) {
        byte[] codes = new byte[n];
        for (int i = 0; i < n; i++) {
            codes[i] = levels.code(code.place(from + i));
        }
        return codes;
    }

    static void setCodes(Code code, int from, byte[] codes, Levels levels) {
        for (int i = 0; i < codes.length; i++) {
            code.places[from + i] = (byte) levels.place(codes[i]);
        }
    }

    static void putHalf(short half, byte[] y, int yo) {
        y[yo] = (byte) half;
        y[yo + 1] = (byte) (half >> 8);
    }

    static short half(byte[] y, int yo) {
        return (short) (y[yo] & 0xff | y[yo + 1] << 8);
    }

    /** Low and high nibbles: value j with value j + half. */
    static void putNibbles(byte[] codes, int co, int half, byte[] y, int yo) {
        for (int j = 0; j < half; j++) {
            y[yo + j] = (byte) (codes[co + j] & 0xf | codes[co + half + j] << 4);
        }
    }

    static void nibbles(byte[] y, int yo, int half, byte[] codes, int co) {
        for (int j = 0; j < half; j++) {
            codes[co + j] = (byte) (y[yo + j] & 0xf);
            codes[co + half + j] = (byte) (y[yo + j] >> 4 & 0xf);
        }
    }

    /** The inverse of {@code SuperBlock.packPairs}. */
    static void pairs(byte[] y, int yo, byte[] codes) {
        for (int i = 0; i < 256; i++) {
            codes[i] = (byte) (y[yo + 32 * (i / 128) + i % 32] >> 2 * (i / 32 % 4) & 3);
        }
    }

    /** The inverse of {@code SuperBlock.packBit}: ors the bit into the codes. */
    static void bit(byte[] y, int yo, int bit, byte[] codes) {
        for (int i = 0; i < 256; i++) {
            codes[i] |= (byte) ((y[yo + i % 32] >> i / 32 & 1) << bit);
        }
    }

    /** The inverse of {@code SuperBlock.packNibbles}. */
    static void superNibbles(byte[] y, int yo, byte[] codes) {
        for (int quarter = 0; quarter < 4; quarter++) {
            nibbles(y, yo + 32 * quarter, 32, codes, 64 * quarter);
        }
    }
}
