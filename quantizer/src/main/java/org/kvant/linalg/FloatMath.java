package org.kvant.linalg;

/** Elementwise functions and sums over pieces of float arrays. Stateless. */
public interface FloatMath {

    /** The fastest implementation there is. */
    static FloatMath get() {
        return Holder.CHOSEN;
    }

    /** The greatest of {@code length} values, NaN if one is. */
    float max(float[] x, int offset, int length);

    /** The sum of {@code length} values. */
    float sum(float[] x, int offset, int length);

    /** The sum of {@code length} products. */
    float dot(float[] a, int aOffset, float[] b, int bOffset, int length);

    /**
     * y = exp(x + shift), within 2·10⁻⁷ of the true value. Below exp(−86.9) it is 0, above exp(88.3) that. The arrays may be
     * the same.
     */
    void exp(float[] x, int xOffset, float shift, float[] y, int yOffset, int length);

    /** Keeps the choice from being made before it is wanted. */
    final class Holder {
        private static final FloatMath CHOSEN = Kernels.math();

        private Holder() {}
    }
}
