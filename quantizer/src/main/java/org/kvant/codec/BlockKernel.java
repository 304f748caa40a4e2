package org.kvant.codec;

/**
 * The arithmetic of one block type, on plain arrays whose bounds the caller ({@link BlockCodec}) has checked. Values are
 * finite. Implementations keep no state.
 */
public interface BlockKernel {

    /**
     * Plain rounding of {@code blocks} consecutive blocks.
     *
     * @throws CodecException if a search overflows, without saying where
     */
    void encode(float[] x, int xo, byte[] y, int yo, int blocks);

    /**
     * Importance-weighted rounding of {@code rows} consecutive rows of {@code columns} values.
     *
     * @param importance one weight a column
     */
    default void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        throw new UnsupportedOperationException("this type has no importance-weighted rounding");
    }

    /** Whether {@link #encodeWeighted} exists; otherwise an importance is ignored. */
    default boolean weighted() {
        return false;
    }

    /** Whether {@link #encode} throws, as ggml knows only weighted rounding for the type. */
    default boolean requiresImportance() {
        return false;
    }

    void decode(byte[] y, int yo, float[] x, int xo, int blocks);

    /** Where in a block its F16 scales stand, which may overflow. */
    int[] scaleOffsets();

    /** Whether a scale of the block at {@code yo} became infinite or NaN. */
    default boolean scaleOverflows(byte[] y, int yo) {
        for (int offset : scaleOffsets()) {
            if (Half.notFinite(y, yo + offset)) {
                return true;
            }
        }
        return false;
    }

    /** The largest magnitude as float bits, which for floats without sign order like integers; NaN is above infinity. */
    default int largestMagnitudeBits(float[] x, int xo, int n) {
        // The compiler vectorises the maximum of floats, and not that of their bits. NaN wins.
        float largest = 0;
        for (int i = xo; i < xo + n; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        return Float.floatToRawIntBits(largest);
    }
}
