package org.kvant.linalg;

/**
 * e to the x as 2ⁿ times a polynomial, of Cephes' {@code expf} (Moshier, 1989). The Vector API version uses the same
 * constants and steps.
 */
public final class ExpPolynomial {
    /** Below, the result is not a normal number: 0 is taken for it. */
    public static final float LOWEST = -86.9f;

    public static final float HIGHEST = 88.3f;
    public static final float LOG2_E = 1.44269504088896341f;

    /** Added and subtracted, it rounds to an integer, whose lowest bits the sum has in its mantissa. */
    public static final float ROUNDING = 0x1.8p23f;

    /** ln 2 in two parts; products of the first with small integers are exact. */
    public static final float LN2_HIGH = 0.693359375f;

    public static final float LN2_LOW = -2.12194440e-4f;
    public static final float P0 = 1.9875691500e-4f;
    public static final float P1 = 1.3981999507e-3f;
    public static final float P2 = 8.3334519073e-3f;
    public static final float P3 = 4.1665795894e-2f;
    public static final float P4 = 1.6666665459e-1f;
    public static final float P5 = 5.0000001201e-1f;

    /** Where an IEEE float has its exponent. */
    public static final int EXPONENT_SHIFT = 23;

    private ExpPolynomial() {}

    static float exp(float x) {
        float clamped = Math.min(Math.max(x, LOWEST), HIGHEST);
        float shifted = Math.fma(clamped, LOG2_E, ROUNDING);
        float n = shifted - ROUNDING;
        float r = Math.fma(n, -LN2_HIGH, clamped);
        r = Math.fma(n, -LN2_LOW, r);
        float p = Math.fma(P0, r, P1);
        p = Math.fma(p, r, P2);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P4);
        p = Math.fma(p, r, P5);
        p = Math.fma(p, r * r, r) + 1;
        float result =
                Float.intBitsToFloat(Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(shifted) << EXPONENT_SHIFT));
        return x < LOWEST ? 0 : result;
    }
}
