package org.kvant.round;

/** The layouts of the codebook types, as drawn in the codecs of {@code org.kvant.codec}. */
final class CodebookLayouts {

    private CodebookLayouts() {}

    private static int seven(Code code, int unit) {
        return code.signs[unit] & 0x7f;
    }

    private static byte even(int seven) {
        return (byte) (seven | (Integer.bitCount(seven) & 1) << 7);
    }

    private static void putInt(int value, byte[] y, int yo) {
        for (int i = 0; i < 4; i++) {
            y[yo + i] = (byte) (value >> 8 * i);
        }
    }

    private static int getInt(byte[] y, int yo) {
        return y[yo] & 0xff | (y[yo + 1] & 0xff) << 8 | (y[yo + 2] & 0xff) << 16 | y[yo + 3] << 24;
    }

    private static void clear(byte[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = 0;
        }
    }

    /** IQ2_XXS and IQ3_XXS: l of each 32 columns above four times seven signs. */
    private static int signsAndScale(Code code, int b, int g) {
        int word = code.s[8 * b + g] << 28;
        for (int k = 0; k < 4; k++) {
            word |= seven(code, 32 * b + 4 * g + k) << 7 * k;
        }
        return word;
    }

    private static void setSignsAndScale(int word, Code code, int b, int g) {
        code.s[8 * b + g] = (short) (word >>> 28);
        for (int k = 0; k < 4; k++) {
            code.signs[32 * b + 4 * g + k] = even(word >> 7 * k & 0x7f);
        }
    }

    /** {@code d | for each 32 columns: indices[4] | signs and l}. */
    record Iq2Xxs() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            Bits.putHalf(code.d[b], y, yo);
            for (int g = 0; g < 8; g++) {
                for (int k = 0; k < 4; k++) {
                    y[yo + 2 + 8 * g + k] = (byte) code.points[32 * b + 4 * g + k];
                }
                putInt(signsAndScale(code, b, g), y, yo + 6 + 8 * g);
            }
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            for (int g = 0; g < 8; g++) {
                for (int k = 0; k < 4; k++) {
                    code.points[32 * b + 4 * g + k] = (short) (y[yo + 2 + 8 * g + k] & 0xff);
                }
                setSignsAndScale(getInt(y, yo + 6 + 8 * g), code, b, g);
            }
        }
    }

    /** {@code d | nine bits of index and seven signs of each eight columns[64] | l, four bits a group[8]}. */
    record Iq2Xs() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            clear(y, yo, 74);
            Bits.putHalf(code.d[b], y, yo);
            for (int k = 0; k < 32; k++) {
                int word = code.points[32 * b + k] | seven(code, 32 * b + k) << 9;
                Bits.putHalf((short) word, y, yo + 2 + 2 * k);
            }
            putScales(code, b, y, yo + 66);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            for (int k = 0; k < 32; k++) {
                int word = Bits.half(y, yo + 2 + 2 * k) & 0xffff;
                code.points[32 * b + k] = (short) (word & 0x1ff);
                code.signs[32 * b + k] = even(word >> 9);
            }
            setScales(y, yo + 66, code, b);
        }
    }

    private static void putScales(Code code, int b, byte[] y, int yo) {
        int groups = code.s.length / code.d.length;
        for (int g = 0; g < groups; g++) {
            y[yo + g / 2] |= (byte) (code.s[groups * b + g] << 4 * (g % 2));
        }
    }

    private static void setScales(byte[] y, int yo, Code code, int b) {
        int groups = code.s.length / code.d.length;
        for (int g = 0; g < groups; g++) {
            code.s[groups * b + g] = (short) (y[yo + g / 2] >> 4 * (g % 2) & 0xf);
        }
    }

    /** {@code d | low bytes of indices[32] | signs[32] | upper pairs of indices[8] | l, four bits a group[8]}. */
    record Iq2S() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            clear(y, yo, 82);
            Bits.putHalf(code.d[b], y, yo);
            for (int k = 0; k < 32; k++) {
                int index = code.points[32 * b + k];
                y[yo + 2 + k] = (byte) index;
                y[yo + 34 + k] = code.signs[32 * b + k];
                y[yo + 66 + k / 4] |= (byte) (index >> 8 << 2 * (k % 4));
            }
            putScales(code, b, y, yo + 74);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            for (int k = 0; k < 32; k++) {
                int high = y[yo + 66 + k / 4] >> 2 * (k % 4) & 3;
                code.points[32 * b + k] = (short) (y[yo + 2 + k] & 0xff | high << 8);
                code.signs[32 * b + k] = y[yo + 34 + k];
            }
            setScales(y, yo + 74, code, b);
        }
    }

    /** {@code d | indices[64] | signs and l of each 32 columns[32]}. */
    record Iq3Xxs() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            Bits.putHalf(code.d[b], y, yo);
            for (int k = 0; k < 64; k++) {
                y[yo + 2 + k] = (byte) code.points[64 * b + k];
            }
            for (int g = 0; g < 8; g++) {
                putInt(signsAndScale(code, b, g), y, yo + 66 + 4 * g);
            }
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            for (int k = 0; k < 64; k++) {
                code.points[64 * b + k] = (short) (y[yo + 2 + k] & 0xff);
            }
            for (int g = 0; g < 8; g++) {
                setSignsAndScale(getInt(y, yo + 66 + 4 * g), code, b, g);
            }
        }
    }

    /** {@code d | low bytes of indices[64] | ninth bits[8] | signs[32] | l, four bits a group[4]}. */
    record Iq3S() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            clear(y, yo, 110);
            Bits.putHalf(code.d[b], y, yo);
            for (int k = 0; k < 64; k++) {
                int index = code.points[64 * b + k];
                y[yo + 2 + k] = (byte) index;
                y[yo + 66 + k / 8] |= (byte) (index >> 8 << k % 8);
            }
            System.arraycopy(code.signs, 32 * b, y, yo + 74, 32);
            putScales(code, b, y, yo + 106);
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            for (int k = 0; k < 64; k++) {
                int high = y[yo + 66 + k / 8] >> k % 8 & 1;
                code.points[64 * b + k] = (short) (y[yo + 2 + k] & 0xff | high << 8);
            }
            System.arraycopy(y, yo + 74, code.signs, 32 * b, 32);
            setScales(y, yo + 106, code, b);
        }
    }

    /** {@code d | low bytes of indices[32] | upper bits of four indices, l, the shift of each 32 columns[16]}. */
    record Iq1S() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            Bits.putHalf(code.d[b], y, yo);
            for (int g = 0; g < 8; g++) {
                int high = code.s[8 * b + g] << 12 | code.signs[32 * b + 4 * g] << 15;
                for (int k = 0; k < 4; k++) {
                    int index = code.points[32 * b + 4 * g + k];
                    y[yo + 2 + 4 * g + k] = (byte) index;
                    high |= index >> 8 << 3 * k;
                }
                Bits.putHalf((short) high, y, yo + 34 + 2 * g);
            }
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            code.d[b] = Bits.half(y, yo);
            for (int g = 0; g < 8; g++) {
                int high = Bits.half(y, yo + 34 + 2 * g) & 0xffff;
                code.s[8 * b + g] = (short) (high >> 12 & 7);
                for (int k = 0; k < 4; k++) {
                    int unit = 32 * b + 4 * g + k;
                    code.points[unit] = (short) (y[yo + 2 + 4 * g + k] & 0xff | (high >> 3 * k & 7) << 8);
                    code.signs[unit] = (byte) (high >> 15);
                }
            }
        }
    }

    /**
     * {@code low bytes of indices[32] | upper bits and shift, four bits a unit[16] | four times: l of four groups, a quarter of
     * d[8]}.
     */
    record Iq1M() implements Layout {

        @Override
        public void pack(Code code, int b, Levels levels, byte[] y, int yo) {
            clear(y, yo, 56);
            for (int k = 0; k < 32; k++) {
                int index = code.points[32 * b + k];
                y[yo + k] = (byte) index;
                y[yo + 32 + k / 2] |= (byte) ((index >> 8 | code.signs[32 * b + k] << 3) << 4 * (k % 2));
            }
            for (int i = 0; i < 4; i++) {
                int word = (code.d[b] >> 4 * i & 0xf) << 12;
                for (int g = 0; g < 4; g++) {
                    word |= code.s[16 * b + 4 * i + g] << 3 * g;
                }
                Bits.putHalf((short) word, y, yo + 48 + 2 * i);
            }
        }

        @Override
        public void unpack(byte[] y, int yo, Levels levels, Code code, int b) {
            for (int k = 0; k < 32; k++) {
                int high = y[yo + 32 + k / 2] >> 4 * (k % 2) & 0xf;
                code.points[32 * b + k] = (short) (y[yo + k] & 0xff | (high & 7) << 8);
                code.signs[32 * b + k] = (byte) (high >> 3);
            }
            int d = 0;
            for (int i = 0; i < 4; i++) {
                int word = Bits.half(y, yo + 48 + 2 * i) & 0xffff;
                d |= word >> 12 << 4 * i;
                for (int g = 0; g < 4; g++) {
                    code.s[16 * b + 4 * i + g] = (short) (word >> 3 * g & 7);
                }
            }
            code.d[b] = (short) d;
        }
    }
}
