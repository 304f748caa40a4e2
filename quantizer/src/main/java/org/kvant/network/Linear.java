package org.kvant.network;

/**
 * A matrix that activations are multiplied with: Y = X·Wᵀ.
 *
 * @param tensor the name of its tensor
 * @param input names the activations X; matrices of one layer with the same input read the same X
 * @param layer the layer's index, −1 for the head
 * @param rows of W, of each expert: the length of an output
 * @param columns of W: the length of an input
 * @param experts matrices in the tensor; 1 for all but a mixture's experts
 */
public record Linear(String tensor, String input, Role role, int layer, int rows, int columns, int experts) {

    /** What the matrix is for. */
    public enum Role {
        QUERY,
        KEY,
        VALUE,
        ATTENTION_OUTPUT,
        ROUTER,
        GATE,
        UP,
        DOWN,
        HEAD
    }
}
