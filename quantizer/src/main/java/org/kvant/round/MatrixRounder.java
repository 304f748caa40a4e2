package org.kvant.round;

import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * Rounds weight matrices under the second moment of their inputs. Each row gets the best of what the importance-weighted codec,
 * feedback and descent found for it, so no row's loss is above the codec's.
 */
public final class MatrixRounder {

    private MatrixRounder() {}

    /** Whether there is a grid for the type. */
    public static boolean supports(GgmlType type) {
        return Grids.of(type) != null;
    }

    /** As {@link #round(RoundingInput, Hessian, RoundingOptions)}, without anything else known. */
    public static RoundedMatrix round(
            float[] weights, int rows, int columns, GgmlType type, Hessian h, RoundingOptions options) {
        return round(RoundingInput.of(weights, rows, columns, type), h, options);
    }

    /**
     * Rounds a matrix with {@code options.threads()} threads.
     *
     * @throws RoundException if the shapes do not fit each other or the type has no grid
     * @throws org.kvant.codec.CodecException if values are so large that the type's scales overflow
     */
    public static RoundedMatrix round(RoundingInput input, Hessian h, RoundingOptions options) {
        @Nullable Grid grid = Grids.of(input.type());
        if (grid == null) {
            throw new RoundException(
                    "there is no calibrated rounding for type " + input.type().label());
        }
        if (h.columns() != input.columns()) {
            throw new RoundException(
                    "the matrix has %d columns, the Hessian %d".formatted(input.columns(), h.columns()));
        }
        return new RoundingRun(input, h, options, grid).run();
    }
}
