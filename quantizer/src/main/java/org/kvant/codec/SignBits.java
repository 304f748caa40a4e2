package org.kvant.codec;

/** Signs of eight values, bit i for the i-th. */
final class SignBits {

    private SignBits() {}

    /** All eight from seven, the last making the number of minuses even ({@code ksigns_iq2xs} of ggml-common.h). */
    static int even(int seven) {
        return seven | (Integer.bitCount(seven) & 1) << 7;
    }

    /** The value, negated where bit i says so. Negating turns the sign of a NaN too, as the library's compiled code does. */
    static float apply(int bits, int i, float v) {
        return (bits >> i & 1) != 0 ? -v : v;
    }
}
