package org.kvant.network;

import org.jspecify.annotations.Nullable;

/** The second half of a layer. */
interface FeedForward {

    /** @param y receives {@code rows × width} */
    void forward(Rows rows, float[] x, float[] y, @Nullable LinearTap tap);

    /**
     * The last forward pass must have been that of the same rows.
     *
     * @param dY dL/dy
     * @param dX receives dL/dx; zero when called
     */
    void backward(Backward back, float[] x, float[] dY, float[] dX);
}
