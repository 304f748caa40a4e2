package org.kvant.round;

import org.kvant.codec.Nibbles;

/** The layouts of blocks of 32 to 128 columns, as drawn in the codecs of {@code org.kvant.codec}. */
final class SmallLayouts {

    private SmallLayouts() {}

    /** Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL: {@code d | (dmin) | (fifth bits) | nibbles}. */
    record Nibble(boolean offset, boolean fifth) implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            byte[] codes = Bits.codes(code, 32 * b, 32, levels);
            Bits.putHalf(code.d[b], y, yo);
            int at = yo + 2;
            if (offset) {
                Bits.putHalf(code.dmin[b], y, at);
                at += 2;
            }
            if (fifth) {
                Nibbles.packFifthBits(codes, 0, y, at);
                at += 4;
            }
            Nibbles.pack(codes, 0, y, at);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            byte[] codes = new byte[32];
            code.d[b] = Bits.half(y, yo);
            int at = yo + 2;
            if (offset) {
                code.dmin[b] = Bits.half(y, at);
                at += 2;
            }
            int high = at;
            at += fifth ? 4 : 0;
            Bits.nibbles(y, at, 16, codes, 0);
            if (fifth) {
                for (int j = 0; j < 32; j++) {
                    codes[j] |= (byte) ((y[high + j / 8] >> j % 8 & 1) << 4);
                }
            }
            Bits.setCodes(code, 32 * b, codes, levels);
        }
    }

    /** Q8_0: {@code d | signed bytes[32]}; the codes count from −127. */
    record Bytes() implements Layout {

        private static final int LOWEST = -127;

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            Bits.putHalf(code.d[b], y, yo);
            for (int j = 0; j < 32; j++) {
                y[yo + 2 + j] = (byte) (code.place(32 * b + j) + LOWEST);
            }
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            for (int j = 0; j < 32; j++) {
                code.places[32 * b + j] = (byte) Math.max(0, y[yo + 2 + j] - LOWEST);
            }
        }
    }

    /** MXFP4 and NVFP4: {@code scales | nibbles of each group}. */
    record Fp4(int groups, int half) implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            byte[] codes = Bits.codes(code, b * groups * 2 * half, groups * 2 * half, levels);
            for (int g = 0; g < groups; g++) {
                y[yo + g] = (byte) code.s[b * groups + g];
                Bits.putNibbles(codes, g * 2 * half, half, y, yo + groups + g * half);
            }
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            byte[] codes = new byte[groups * 2 * half];
            for (int g = 0; g < groups; g++) {
                code.s[b * groups + g] = (short) (y[yo + g] & 0xff);
                Bits.nibbles(y, yo + groups + g * half, half, codes, g * 2 * half);
            }
            Bits.setCodes(code, b * codes.length, codes, levels);
        }
    }

    /** Q1_0 and Q2_0: {@code d | codes of 1 or 2 bits in order}. */
    record Consecutive(int columns, int bits) implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            Bits.putHalf(code.d[b], y, yo);
            int perByte = 8 / bits;
            for (int i = 0; i < columns / perByte; i++) {
                int packed = 0;
                for (int k = 0; k < perByte; k++) {
                    packed |= levels.code(code.place(columns * b + perByte * i + k)) << bits * k;
                }
                y[yo + 2 + i] = (byte) packed;
            }
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            int perByte = 8 / bits;
            for (int i = 0; i < columns; i++) {
                int c = y[yo + 2 + i / perByte] >> bits * (i % perByte) & (1 << bits) - 1;
                code.places[columns * b + i] = (byte) levels.place(c);
            }
        }
    }
}
