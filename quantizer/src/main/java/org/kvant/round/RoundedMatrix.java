package org.kvant.round;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * A matrix in blocks of a ggml type.
 *
 * @param bytes the blocks, row after row
 * @param values what they decode to, {@code rows × columns}
 * @param losses for each stage that ran, the loss of each row after it; see {@link Hessian} for its unit
 */
public record RoundedMatrix(
        GgmlType type, int rows, int columns, byte[] bytes, float[] values, Map<Stage, double[]> losses) {

    /** The stages of rounding. */
    public enum Stage {
        /** The codec without importance; only where it was asked for. */
        NEAREST,
        /** The codec with the diagonal of H as importance, or the bytes that rounding started from. */
        IMPORTANCE,
        /** Error feedback. */
        FEEDBACK,
        /** Coordinate descent. */
        SWEEPS,
        /** What was chosen, row by row. */
        CHOSEN
    }

    public RoundedMatrix {
        losses = new EnumMap<>(losses);
    }

    /**
     * The losses of a stage, a row each.
     *
     * @throws RoundException if the stage did not run
     */
    public double[] rowLosses(Stage stage) {
        double @Nullable [] rowLosses = losses.get(stage);
        if (rowLosses == null) {
            throw new RoundException("the stage " + stage + " did not run");
        }
        return rowLosses;
    }

    /**
     * The sum of a stage's losses over rows.
     *
     * @throws RoundException if the stage did not run
     */
    public double loss(Stage stage) {
        return Arrays.stream(rowLosses(stage)).sum();
    }

    /** The loss of the result. */
    public double loss() {
        return loss(Stage.CHOSEN);
    }
}
