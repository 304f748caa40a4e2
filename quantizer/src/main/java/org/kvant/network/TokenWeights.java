package org.kvant.network;

/** How much a token's prediction counts in a loss. Called on one thread. */
@FunctionalInterface
public interface TokenWeights {
    /** All alike. */
    TokenWeights ONES = (chunk, position) -> 1;

    /** The weight of what is predicted at a position; tokens of weight 0 are not computed, their gradients are 0. */
    float weight(int chunk, int position);
}
