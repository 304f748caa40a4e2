package org.kvant.codec;

/**
 * A super-block type of 16 groups of 16 values {@code d · scale · (q − half)}. What the scalar and the vector encoder have in
 * common: the layout and the rounding of the scales.
 */
public interface SignedFormat {

    int GROUP = 16;
    int GROUPS = 16;

    /** Bytes of a super-block. */
    int bytes();

    /** Codes go from 0 to {@code 2 · half − 1}. */
    int half();

    /** Whether plain rounding changes one code at a time ({@code make_q3_quants}) and does not try scales. */
    boolean plainByCode();

    /** Whether importance is combined with the values ({@code sqrt(sigma² + x²)}) and not taken as it is. */
    boolean sigmaWeighted();

    /**
     * Rounds and stores the scales of the groups.
     *
     * @return false if the whole super-block is zero and already stored
     */
    boolean putScales(float[] scales, byte[] y, int yo);

    /** As {@link #putScales(float[], byte[], int)}, under the groups' sums of weights where the type does so. */
    boolean putScales(float[] scales, float[] sums, byte[] y, int yo);

    /** The stored d · scale of group j. */
    float step(byte[] y, int yo, int j);

    /** Stores 256 codes. */
    void putCodes(byte[] codes, byte[] y, int yo);

    /** Decodes one super-block. */
    void decode(byte[] y, int yo, float[] x, int xo);

    /** Where d stands. */
    int[] scaleOffsets();
}
