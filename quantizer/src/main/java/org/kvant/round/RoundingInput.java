package org.kvant.round;

import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/**
 * A matrix to round, and what else is known.
 *
 * @param weights {@code rows × columns} finite values, row after row
 * @param start null, or blocks of the type to start from instead of the codec's; feedback is then left out
 * @param linear null, or {@code rows × columns} values L of a linear term: what falls is {@code ρ d H dᵀ + 2 <L, d>} with
 *     {@code d = ŵ − w}. With {@code weights} the values that {@code start} decodes to and L the gradient there of the true loss,
 *     half a Newton step's quadratic model is what is minimised. Feedback does not see it, descent does
 * @param rowWeights null, or a positive factor ρ of H for each row, such as a row's mean squared output gradient
 */
public record RoundingInput(
        float[] weights,
        int rows,
        int columns,
        GgmlType type,
        byte @Nullable [] start,
        float @Nullable [] linear,
        float @Nullable [] rowWeights) {

    public RoundingInput {
        if (rows <= 0 || columns <= 0 || weights.length != (long) rows * columns) {
            throw new RoundException(
                    "%d rows of %d columns are not the %d values given".formatted(rows, columns, weights.length));
        }
        if (columns % type.blockSize() != 0) {
            throw new RoundException("%d columns are not a multiple of the block of %s, %d"
                    .formatted(columns, type.label(), type.blockSize()));
        }
        checkFinite("the weight", weights, columns);
        if (start != null && start.length != type.bytes(weights.length)) {
            throw new RoundException("%d rows of %d columns are %d bytes of %s, not the %d to start from"
                    .formatted(rows, columns, type.bytes(weights.length), type.label(), start.length));
        }
        if (linear != null) {
            if (linear.length != weights.length) {
                throw new RoundException(
                        "the linear term has %d values, the matrix %d".formatted(linear.length, weights.length));
            }
            checkFinite("the linear term", linear, columns);
        }
        if (rowWeights != null) {
            checkRowWeights(rowWeights, rows);
        }
    }

    /** A matrix of which nothing else is known. */
    public static RoundingInput of(float[] weights, int rows, int columns, GgmlType type) {
        return new RoundingInput(weights, rows, columns, type, null, null, null);
    }

    public RoundingInput withStart(byte[] blocks) {
        return new RoundingInput(weights, rows, columns, type, blocks, linear, rowWeights);
    }

    public RoundingInput withLinear(float[] values) {
        return new RoundingInput(weights, rows, columns, type, start, values, rowWeights);
    }

    public RoundingInput withRowWeights(float[] factors) {
        return new RoundingInput(weights, rows, columns, type, start, linear, factors);
    }

    private static void checkFinite(String what, float[] values, int columns) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new RoundException("%s at row %d, column %d is %s; it must be finite"
                        .formatted(what, i / columns, i % columns, values[i]));
            }
        }
    }

    private static void checkRowWeights(float[] factors, int rows) {
        if (factors.length != rows) {
            throw new RoundException("there are %d row weights for %d rows".formatted(factors.length, rows));
        }
        for (int r = 0; r < rows; r++) {
            if (!(factors[r] > 0) || factors[r] == Float.POSITIVE_INFINITY) {
                throw new RoundException("the weight of row %d is %s; it must be positive".formatted(r, factors[r]));
            }
        }
    }
}
