package org.kvant.network;

import org.jspecify.annotations.Nullable;

/**
 * Is shown what goes into matrices, and in a backward pass what comes back to them. Called on the thread that runs the
 * pass, chunks in ascending order. The arrays are the network's: they are valid during the call only and must not be
 * changed.
 */
@FunctionalInterface
public interface LinearTap {

    /**
     * One matrix and some tokens.
     *
     * @param expert which matrix of the tensor; 0 where there is one
     * @param rows the tokens: of a mixture's experts those that were routed there
     * @param input X, {@code rows.count() × linear.columns()}
     * @param gradient G = dL/dY for Y = X·Wᵀ, {@code rows.count() × linear.rows()}, so that dL/dW = Gᵀ·X; null in a forward
     *     pass
     */
    void accept(Linear linear, int expert, Rows rows, float[] input, float @Nullable [] gradient);
}
