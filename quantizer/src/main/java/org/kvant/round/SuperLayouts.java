package org.kvant.round;

import org.kvant.codec.SuperBlock;

/** The layouts of blocks of 256 columns, as drawn in the codecs of {@code org.kvant.codec}. */
final class SuperLayouts {

    private SuperLayouts() {}

    private static byte[] codes(Code code, int b, Levels levels) {
        return Bits.codes(code, 256 * b, 256, levels);
    }

    private static void setCodes(Code code, int b, byte[] codes, Levels levels) {
        Bits.setCodes(code, 256 * b, codes, levels);
    }

    /** TQ2_0: {@code 2-bit codes[64] | d}. */
    record Tq20() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            SuperBlock.packPairs(codes(code, b, levels), 0, y, yo);
            Bits.putHalf(code.d[b], y, yo + 64);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            byte[] codes = new byte[256];
            Bits.pairs(y, yo, codes);
            setCodes(code, b, codes, levels);
            code.d[b] = Bits.half(y, yo + 64);
        }
    }

    /** TQ1_0: {@code 32 bytes of 5 digits | 16 of 5 | 4 of 4 | d}; digit n of byte m of a section is its value n · bytes + m. */
    record Tq10() implements Layout {

        private static final int[][] SECTIONS = {{0, 32, 5}, {32, 16, 5}, {48, 4, 4}};
        private static final int[] POWERS_OF_3 = {1, 3, 9, 27, 81};

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            byte[] codes = codes(code, b, levels);
            int from = 0;
            for (int[] section : SECTIONS) {
                for (int m = 0; m < section[1]; m++) {
                    int q = 0;
                    for (int n = 0; n < 5; n++) {
                        q = q * 3 + (n < section[2] ? codes[from + n * section[1] + m] : 0);
                    }
                    // The digits as a fraction of 3^5, rounded up to 256ths.
                    y[yo + section[0] + m] = (byte) ((q * 256 + 242) / 243);
                }
                from += section[1] * section[2];
            }
            Bits.putHalf(code.d[b], y, yo + 52);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            byte[] codes = new byte[256];
            int to = 0;
            for (int[] section : SECTIONS) {
                for (int n = 0; n < section[2]; n++) {
                    for (int m = 0; m < section[1]; m++) {
                        codes[to++] = (byte) ((y[yo + section[0] + m] * POWERS_OF_3[n] & 0xff) * 3 >> 8);
                    }
                }
            }
            setCodes(code, b, codes, levels);
            code.d[b] = Bits.half(y, yo + 52);
        }
    }

    /** Q2_K: {@code scales and minimums[16] | 2-bit codes[64] | d | dmin}. */
    record Q2K() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            for (int g = 0; g < 16; g++) {
                y[yo + g] = (byte) (code.s[16 * b + g] | code.m[16 * b + g] << 4);
            }
            SuperBlock.packPairs(codes(code, b, levels), 0, y, yo + 16);
            Bits.putHalf(code.d[b], y, yo + 80);
            Bits.putHalf(code.dmin[b], y, yo + 82);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            for (int g = 0; g < 16; g++) {
                code.s[16 * b + g] = (short) (y[yo + g] & 0xf);
                code.m[16 * b + g] = (short) (y[yo + g] >> 4 & 0xf);
            }
            byte[] codes = new byte[256];
            Bits.pairs(y, yo + 16, codes);
            setCodes(code, b, codes, levels);
            code.d[b] = Bits.half(y, yo + 80);
            code.dmin[b] = Bits.half(y, yo + 82);
        }
    }

    /** Q3_K: {@code high bits[32] | low pairs[64] | scales[12] | d}; s is stored with 32 added. */
    record Q3K() implements Layout {

        private static final int SCALES = 96;

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            byte[] codes = codes(code, b, levels);
            SuperBlock.packBit(codes, 0, 2, y, yo);
            SuperBlock.packPairs(codes, 0, y, yo + 32);
            for (int i = 0; i < 12; i++) {
                y[yo + SCALES + i] = 0;
            }
            for (int g = 0; g < 16; g++) {
                int s = code.s[16 * b + g] + 32;
                y[yo + SCALES + g % 8] |= (byte) ((s & 0xf) << 4 * (g / 8));
                y[yo + SCALES + 8 + g % 4] |= (byte) (s >> 4 << 2 * (g / 4));
            }
            Bits.putHalf(code.d[b], y, yo + 108);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            byte[] codes = new byte[256];
            Bits.pairs(y, yo + 32, codes);
            Bits.bit(y, yo, 2, codes);
            setCodes(code, b, codes, levels);
            for (int g = 0; g < 16; g++) {
                int low = y[yo + SCALES + g % 8] >> 4 * (g / 8) & 0xf;
                int high = y[yo + SCALES + 8 + g % 4] >> 2 * (g / 4) & 3;
                code.s[16 * b + g] = (short) ((low | high << 4) - 32);
            }
            code.d[b] = Bits.half(y, yo + 108);
        }
    }

    /** Q4_K and Q5_K: {@code d | dmin | scales and minimums[12] | (fifth bits[32]) | nibbles[128]}. */
    record Q45K(boolean fifth) implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            byte[] scales = new byte[8];
            byte[] mins = new byte[8];
            for (int g = 0; g < 8; g++) {
                scales[g] = (byte) code.s[8 * b + g];
                mins[g] = (byte) code.m[8 * b + g];
            }
            Bits.putHalf(code.d[b], y, yo);
            Bits.putHalf(code.dmin[b], y, yo + 2);
            SuperBlock.packScales(scales, mins, 0, y, yo + 4);
            byte[] codes = codes(code, b, levels);
            if (fifth) {
                SuperBlock.packBit(codes, 0, 4, y, yo + 16);
            }
            SuperBlock.packNibbles(codes, 0, y, yo + (fifth ? 48 : 16));
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            code.dmin[b] = Bits.half(y, yo + 2);
            for (int g = 0; g < 8; g++) {
                code.s[8 * b + g] = (short) SuperBlock.scale(y, yo + 4, g);
                code.m[8 * b + g] = (short) SuperBlock.min(y, yo + 4, g);
            }
            byte[] codes = new byte[256];
            Bits.superNibbles(y, yo + (fifth ? 48 : 16), codes);
            if (fifth) {
                Bits.bit(y, yo + 16, 4, codes);
            }
            setCodes(code, b, codes, levels);
        }
    }

    /** Q6_K: {@code low nibbles[128] | high pairs[64] | signed scales[16] | d}. */
    record Q6K() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            SuperBlock.packSixBits(codes(code, b, levels), 0, y, yo);
            for (int g = 0; g < 16; g++) {
                y[yo + 192 + g] = (byte) code.s[16 * b + g];
            }
            Bits.putHalf(code.d[b], y, yo + 208);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            byte[] codes = new byte[256];
            for (int i = 0; i < 256; i++) {
                int half = i / 128;
                int quarter = i / 32 % 4;
                int low = y[yo + 64 * half + 32 * (quarter % 2) + i % 32] >> 4 * (quarter / 2) & 0xf;
                int high = y[yo + 128 + 32 * half + i % 32] >> 2 * quarter & 3;
                codes[i] = (byte) (low | high << 4);
            }
            setCodes(code, b, codes, levels);
            for (int g = 0; g < 16; g++) {
                code.s[16 * b + g] = y[yo + 192 + g];
            }
            code.d[b] = Bits.half(y, yo + 208);
        }
    }

    /** IQ4_XS: {@code d | upper pairs of the scales[2] | low nibbles of the scales[4] | codes[128]}; s is stored with 32 added. */
    record Iq4Xs() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            Bits.putHalf(code.d[b], y, yo);
            int high = 0;
            byte[] codes = codes(code, b, levels);
            for (int g = 0; g < 8; g++) {
                int s = code.s[8 * b + g] + 32;
                y[yo + 4 + g / 2] = (byte) (g % 2 == 0 ? s & 0xf : y[yo + 4 + g / 2] | (s & 0xf) << 4);
                high |= s >> 4 << 2 * g;
                Bits.putNibbles(codes, 32 * g, 16, y, yo + 8 + 16 * g);
            }
            y[yo + 2] = (byte) high;
            y[yo + 3] = (byte) (high >> 8);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            int high = y[yo + 2] & 0xff | (y[yo + 3] & 0xff) << 8;
            byte[] codes = new byte[256];
            for (int g = 0; g < 8; g++) {
                int low = y[yo + 4 + g / 2] >> 4 * (g % 2) & 0xf;
                code.s[8 * b + g] = (short) ((low | (high >> 2 * g & 3) << 4) - 32);
                Bits.nibbles(y, yo + 8 + 16 * g, 16, codes, 32 * g);
            }
            setCodes(code, b, codes, levels);
        }
    }
}
