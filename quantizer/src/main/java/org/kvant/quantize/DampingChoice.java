package org.kvant.quantize;

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
 * given; one from few tokens holds many by accident. So some rows are rounded under the training moment with several dampings, and with
 * the importance-weighted codec, and the one with the least loss under the held-out moment wins.
 */
final class DampingChoice {
    private static final double[] DAMPINGS = {0.02, 0.1, 0.4, 1.6};

    /** The damping where nothing was held out. */
    private static final double PLAIN = 0.1;

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
        double damping = PLAIN;
        if (moments.held() != null) {
            damping = choose(moments.training(), moments.held(), weights, type, options);
        }
        float[] importance = diagonal(all, columns);
        Hessian hessian = Double.isNaN(damping) ? null : Hessian.of(all, columns, damping);
        return new DampingChoice(options, hessian, importance);
    }

    /** The best damping, NaN for none of them. */
    private static double choose(
            float[] training, float[] held, MatrixSource weights, GgmlType type, RoundingOptions options) {
        int columns = weights.columns();
        if (isZero(held, columns) || isZero(training, columns)) {
            return 1;
        }
        int rows = (int) Math.min(SAMPLED_ROWS, weights.rows());
        float[] sample = weights.sample(rows);
        byte[] coded = encode(sample, rows, columns, type, diagonal(training, columns));
        double best = loss(sample, decode(coded, type, sample.length), held, rows, columns);
        double chosen = Double.NaN;
        for (double damping : DAMPINGS) {
            RoundedMatrix rounded =
                    MatrixRounder.round(sample, rows, columns, type, Hessian.of(training, columns, damping), options);
            double loss = loss(sample, rounded.values(), held, rows, columns);
            if (loss < best) {
                best = loss;
                chosen = damping;
            }
        }
        return chosen;
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
