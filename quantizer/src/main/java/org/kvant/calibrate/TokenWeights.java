package org.kvant.calibrate;

import org.jspecify.annotations.Nullable;

/**
 * Weighs the tokens in a second moment, differently for each linear layer: with the squared gradient at its output the moment becomes the
 * Kronecker factor of the Fisher information. The diagonals that llama-quantize reads are never weighted.
 */
public interface TokenWeights {
    /**
     * The weights of a chunk's tokens.
     *
     * @param weight name of the linear layer's tensor
     * @param chunk index of the chunk, from 0
     * @return not negative, one for each token of the chunk; null if all are 1
     */
    float @Nullable [] of(String weight, int chunk);

    /** Says in a few words what the weights are, differently for different weights: a run that was interrupted goes on with the same ones only. */
    String identity();
}
