package org.kvant.allocate;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.TensorInfo;

/** What is known of how much an error in a tensor matters. Thread-safe. */
public interface Curvature {
    /**
     * The matrix H of {@code ½ Σ d H dᵀ} over the rows of one of the tensor's matrices, {@code columns × columns} values.
     *
     * @param matrix 0, or which of stacked matrices
     * @return null if only {@link #diagonal} is known, or nothing
     */
    float @Nullable [] moment(TensorInfo tensor, int matrix) throws IOException;

    /** The same of text that {@link #moment} has not seen, to judge on; null if there is none. */
    float @Nullable [] heldOut(TensorInfo tensor, int matrix) throws IOException;

    /** The diagonal of {@link #moment}, for tensors of which no more is known; null if that isn't either. */
    float @Nullable [] diagonal(TensorInfo tensor, int matrix) throws IOException;

    /** Whether {@code ½ Σ d H dᵀ} is a divergence in nats; otherwise losses are taken relative to the tensor's own output. */
    boolean divergence();

    /** Says what this is, differently for different content; losses computed under another are not used again. */
    String identity() throws IOException;
}
