package org.kvant.codec;

/**
 * A super-block type whose groups have a scale and a minimum: 256 values {@code d · scale · q − dmin · min}. What the scalar and
 * the vector encoder have in common: the layout and the rounding of the scales.
 */
public interface AffineFormat {

    /** Bytes of a super-block. */
    int bytes();

    /** Values in a group. */
    int group();

    default int groups() {
        return SuperBlock.SIZE / group();
    }

    AffineSearch plain();

    AffineSearch weighted();

    /** Whether a plain weight is {@code sqrt(mean of x² in the group) + |x|}, and not |x|. */
    boolean levelled();

    /** What the mean of x² in a super-block is multiplied by when an importance is applied. */
    int sigmaFactor();

    /** Rounds and stores the scales and minimums of the groups, which stand from {@code so} on. */
    void putScales(float[] scales, float[] mins, int so, byte[] y, int yo);

    /** As {@link #putScales}, with d and dmin fitted under the groups' sums of weights. */
    void putScales(float[] scales, float[] mins, float[] sums, int so, byte[] y, int yo);

    /** The stored d · scale of group j. */
    float step(byte[] y, int yo, int j);

    /** The stored dmin · min of group j. */
    float offset(byte[] y, int yo, int j);

    /** Stores 256 codes. */
    void putCodes(byte[] codes, byte[] y, int yo);

    /** Decodes one super-block. */
    void decode(byte[] y, int yo, float[] x, int xo);

    /** Where d and dmin stand. */
    int[] scaleOffsets();
}
