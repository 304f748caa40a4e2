package org.kvant.network;

import org.jspecify.annotations.Nullable;

/** The second half of a layer. */
interface FeedForward {

    /** @param y receives {@code rows × width} */
    void forward(Rows rows, float[] x, float[] y, @Nullable LinearTap tap);

    /** Computes what {@link #backward} needs, which is not all that {@link #forward} does. */
    void prepare(Rows rows, float[] x);

    /**
     * The last {@link #prepare} or {@link #forward} must have been of the same rows.
     *
     * @param dY dL/dy
     * @param dX receives dL/dx; zero when called
     */
    void backward(Backward back, float[] x, float[] dY, float[] dX);
}
