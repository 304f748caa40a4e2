package org.kvant.quantize;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codec;
import org.kvant.codec.WeightedFits;
import org.kvant.gguf.GgmlType;
import org.kvant.round.Hessian;
import org.kvant.round.MatrixRounder;
import org.kvant.round.RoundedMatrix;
import org.kvant.round.RoundingOptions;

/**
 * How a matrix is rounded best as far as tokens tell that took no part in it. Feedback trusts every direction of the moment that it is
 * given; one from few tokens holds many by accident, and other text has others. So some rows are rounded under the training moment with
 * its correlations trusted more or less, and with the importance-weighted codec. Of those with nearly the least loss under the held-out
 * moment, the most cautious wins: it costs text like the calibration's next to nothing, and helps with text unlike it.
 */
final class DampingChoice {
    /** From trusting to cautious. */
    private static final List<Caution> CAUTIONS = List.of(
            new Caution(0, 0.02),
            new Caution(0.15, 0.02),
            new Caution(0.3, 0.02),
            new Caution(0.5, 0.02),
            new Caution(0.5, 0.1),
            new Caution(0.7, 0.1));

    /** Where nothing was held out. */
    private static final Caution PLAIN = new Caution(0.3, 0.1);

    /** What caution may cost on the held-out tokens. */
    private static final double PRICE = 1.02;

    /** For an expert that no token tells anything of. */
    private static final Caution UNKNOWN = new Caution(0.5, 1);

    private static final int SAMPLED_ROWS = 48;

    private final RoundingOptions options;
    private final @Nullable Hessian hessian;
    private final float[] importance;

    private DampingChoice(RoundingOptions options, @Nullable Hessian hessian, float[] importance) {
        this.options = options;
        this.hessian = hessian;
        this.importance = importance;
    }

    static DampingChoice of(InputMoments moments, MatrixSource weights, GgmlType type, RoundingOptions options) {
        int columns = weights.columns();
        float[] all = moments.used();
        Caution caution = PLAIN;
        if (moments.held() != null) {
            caution = choose(moments.training(), moments.held(), weights, type, options);
        }
        float[] importance = diagonal(all, columns);
        Hessian hessian = caution == null ? null : caution.hessian(all, columns);
        return new DampingChoice(options, hessian, importance);
    }

    /**
     * Without correlations there is nothing to feed errors back along, and the importance-weighted codecs fit scales better than a
     * diagonal moment alone tells.
     */
    static DampingChoice weighted(float[] moment, int columns) {
        return new DampingChoice(RoundingOptions.DEFAULT, null, diagonal(moment, columns));
    }

    /** How little a moment is trusted. */
    private record Caution(double shrinkage, double damping) {
        Hessian hessian(float[] moment, int columns) {
            return Hessian.shrunk(moment, columns, shrinkage, damping);
        }
    }

    /** The most cautious of the best, null if the importance-weighted codec is better than all. */
    private static @Nullable Caution choose(
            float[] training, float[] held, MatrixSource weights, GgmlType type, RoundingOptions options) {
        int columns = weights.columns();
        if (isZero(held, columns) || isZero(training, columns)) {
            return UNKNOWN;
        }
        int rows = (int) Math.min(SAMPLED_ROWS, weights.rows());
        float[] sample = weights.sample(rows);
        byte[] coded = encode(sample, rows, columns, type, diagonal(training, columns));
        double plain = loss(sample, decode(coded, type, sample.length), held, rows, columns);
        double[] losses = new double[CAUTIONS.size()];
        double best = plain;
        for (int i = 0; i < losses.length; i++) {
            Hessian hessian = CAUTIONS.get(i).hessian(training, columns);
            RoundedMatrix rounded = MatrixRounder.round(sample, rows, columns, type, hessian, options);
            losses[i] = loss(sample, rounded.values(), held, rows, columns);
            best = Math.min(best, losses[i]);
        }
        for (int i = losses.length - 1; i >= 0; i--) {
            if (losses[i] <= PRICE * best && losses[i] <= plain) {
                return CAUTIONS.get(i);
            }
        }
        return null;
    }

    byte[] round(float[] values, int rows, int columns, GgmlType type) {
        return hessian == null
                ? encode(values, rows, columns, type, importance)
                : MatrixRounder.round(values, rows, columns, type, hessian, options)
                        .bytes();
    }

    private static byte[] encode(float[] values, int rows, int columns, GgmlType type, float[] importance) {
        Codec codec = WeightedFits.of(type);
        byte[] bytes = new byte[Math.toIntExact(type.bytes(values.length))];
        codec.encode(values, 0, java.lang.foreign.MemorySegment.ofArray(bytes), 0, rows, columns, importance);
        return bytes;
    }

    private static float[] decode(byte[] bytes, GgmlType type, int elements) {
        float[] values = new float[elements];
        org.kvant.codec.Codecs.of(type).decode(java.lang.foreign.MemorySegment.ofArray(bytes), 0, values, 0, elements);
        return values;
    }

    private static float[] diagonal(float[] h, int columns) {
        float[] diagonal = new float[columns];
        float sum = 0;
        for (int i = 0; i < columns; i++) {
            diagonal[i] = h[i * columns + i];
            sum += diagonal[i];
        }
        // A column that was never used still has to keep its weights.
        float least = sum > 0 ? 1e-4f * sum / columns : 1;
        for (int i = 0; i < columns; i++) {
            diagonal[i] = Math.max(diagonal[i], least);
        }
        return diagonal;
    }

    private static boolean isZero(float[] h, int columns) {
        for (int i = 0; i < columns; i++) {
            if (h[i * columns + i] > 0) {
                return false;
            }
        }
        return true;
    }

    /** The sum of {@code d H dᵀ} over rows. */
    private static double loss(float[] weights, float[] rounded, float[] h, int rows, int columns) {
        double sum = 0;
        float[] error = new float[columns];
        float[] product = new float[columns];
        for (int row = 0; row < rows; row++) {
            for (int j = 0; j < columns; j++) {
                error[j] = weights[row * columns + j] - rounded[row * columns + j];
                product[j] = 0;
            }
            for (int i = 0; i < columns; i++) {
                float e = error[i];
                for (int j = 0; j < columns; j++) {
                    product[j] += e * h[i * columns + j];
                }
            }
            for (int j = 0; j < columns; j++) {
                sum += (double) error[j] * product[j];
            }
        }
        return sum;
    }
}
