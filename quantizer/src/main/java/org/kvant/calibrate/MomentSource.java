package org.kvant.calibrate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.kvant.gguf.GgufFile;

/**
 * What weights are rounded under: second moments of their inputs, or diagonals of these. Thread-safe; nothing may be read after
 * {@link #close}.
 */
public interface MomentSource extends AutoCloseable {
    /** The file. */
    Path path();

    /**
     * Refuses another model. Another precision of the same one is accepted.
     *
     * @throws IOException if it is another model
     */
    void requireModel(GgufFile model) throws IOException;

    /** What tells this calibration from others: for naming what was derived from it. */
    String identity() throws IOException;

    /** Whether there are moments of a weight's inputs. */
    boolean has(String weight);

    /** Weights that there are moments for, sorted. */
    List<String> weights();

    /** Length of the inputs of a weight; 0 if there is nothing about it. */
    int columns(String weight);

    /**
     * The moment over all chunks, {@code columns × columns} values, symmetric. With {@link #diagonal} the rest are zeros.
     *
     * @param matrix 0, or which of stacked matrices
     */
    float[] moment(String weight, int matrix) throws IOException;

    /** The moment over the chunks that were not held out. */
    float[] training(String weight, int matrix) throws IOException;

    /** The moment over the chunks that were held out; zeros without any. */
    float[] heldOut(String weight, int matrix) throws IOException;

    /** Whether chunks were held out at all. */
    boolean hasHeldOut();

    /** Whether only the diagonals of moments are known. */
    boolean diagonal();

    /** Whether the sum of {@code ½ d H dᵀ} over a weight's rows is a divergence in nats a token; else tensors' losses do not compare. */
    boolean divergence();

    @Override
    void close();
}
