package org.kvant.allocate;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codecs;
import org.kvant.codec.WeightedFits;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.round.Hessian;
import org.kvant.round.MatrixRounder;
import org.kvant.round.RoundingOptions;

/** Rounds a sample of a tensor's rows into types and says what that costs. */
final class TypeLoss {
    private final GgufFile model;
    private final Curvature curvature;
    private final int rows;
    private final int matrices;
    private final RoundingOptions options;

    /**
     * @param rows of a matrix that are rounded
     * @param matrices of stacked ones that are looked at
     */
    TypeLoss(GgufFile model, Curvature curvature, int rows, int matrices, RoundingOptions options) {
        this.model = model;
        this.curvature = curvature;
        this.rows = rows;
        this.matrices = matrices;
        this.options = options;
    }

    /** Losses of a tensor, and whether they come from its curvature or, for want of one, are relative squared errors of its weights. */
    record Measured(Map<GgmlType, Double> losses, boolean known) {}

    Measured of(TensorInfo tensor, List<GgmlType> types) throws IOException {
        long[] shape = tensor.shape();
        int all = shape.length > 2 ? Math.toIntExact(shape[2]) : 1;
        int looked = Math.min(all, matrices);
        Map<GgmlType, Double> sums = new EnumMap<>(GgmlType.class);
        boolean known = true;
        List<Integer> seen = new ArrayList<>();
        for (int i = 0; i < looked; i++) {
            seen(tensor, (int) ((long) all * i / looked), (int) ((long) all * (i + 1) / looked))
                    .ifPresent(seen::add);
        }
        if (seen.isEmpty()) {
            seen.add(all / 2);
        }
        for (int matrix : seen) {
            known &= addMatrix(tensor, matrix, types, (double) all / seen.size(), sums);
        }
        if (!known) {
            // Their encoders would refuse when it comes to it.
            sums.keySet()
                    .removeIf(type -> Codecs.canEncode(type) && Codecs.of(type).requiresImportance());
        }
        return new Measured(Candidates.monotone(sums), known);
    }

    /**
     * The middle one of some stacked matrices, or the next one after it that the calibration sent tokens to: errors of others would seem
     * to cost nothing.
     */
    private OptionalInt seen(TensorInfo tensor, int from, int to) throws IOException {
        int columns = Math.toIntExact(tensor.columns());
        for (int i = 0; i < to - from; i++) {
            int matrix = from + ((to - from) / 2 + i) % (to - from);
            float @Nullable [] h = curvature.moment(tensor, matrix);
            if (h == null || !zero(diagonal(h, columns))) {
                return OptionalInt.of(matrix);
            }
        }
        return OptionalInt.empty();
    }

    private static boolean zero(float[] values) {
        for (float value : values) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean addMatrix(
            TensorInfo tensor, int matrix, List<GgmlType> types, double factor, Map<GgmlType, Double> sums)
            throws IOException {
        SampledRows sample = SampledRows.of(model, tensor, matrix, rows);
        float @Nullable [] h = curvature.moment(tensor, matrix);
        if (h != null && zero(diagonal(h, sample.columns()))) {
            h = null;
        }
        float @Nullable [] diagonal = h == null ? curvature.diagonal(tensor, matrix) : diagonal(h, sample.columns());
        boolean known = diagonal != null;
        if (diagonal == null) {
            diagonal = SampledRows.even(sample.columns());
        }
        float @Nullable [] judge = h == null ? null : curvature.heldOut(tensor, matrix);
        Quadratic form = new Quadratic(judge != null ? judge : h, diagonal, sample.columns());
        double unit = known && curvature.divergence()
                ? 0.5 * sample.share() * factor
                : sample.share() * factor / Math.max(1e-30, sample.share() * form.of(sample.weights(), null));
        @Nullable Hessian hessian = h == null ? null : Hessian.of(h, sample.columns(), options.damping());
        for (GgmlType type : types) {
            double loss =
                    type == tensor.type() ? 0 : form.of(sample.weights(), rounded(sample, type, hessian, diagonal));
            sums.merge(type, Math.max(0, loss) * unit, Double::sum);
        }
        return known;
    }

    private float[] rounded(SampledRows sample, GgmlType type, @Nullable Hessian hessian, float[] diagonal) {
        if (hessian != null && MatrixRounder.supports(type)) {
            return MatrixRounder.round(sample.weights(), sample.rows(), sample.columns(), type, hessian, options)
                    .values();
        }
        byte[] bytes = new byte[Math.toIntExact(type.bytes(sample.weights().length))];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        WeightedFits.of(type).encode(sample.weights(), 0, segment, 0, sample.rows(), sample.columns(), diagonal);
        float[] values = new float[sample.weights().length];
        WeightedFits.of(type).decode(segment, 0, values, 0, values.length);
        return values;
    }

    private static float[] diagonal(float[] h, int columns) {
        float[] diagonal = new float[columns];
        for (int j = 0; j < columns; j++) {
            diagonal[j] = h[j * columns + j];
        }
        return diagonal;
    }

    /** Sums of e H eᵀ over rows of errors. */
    private record Quadratic(float @Nullable [] h, float[] diagonal, int columns) {
        /** @param values null for zeros */
        double of(float[] weights, float @Nullable [] values) {
            double sum = 0;
            float[] error = new float[columns];
            for (int at = 0; at < weights.length; at += columns) {
                for (int j = 0; j < columns; j++) {
                    error[j] = weights[at + j] - (values == null ? 0 : values[at + j]);
                }
                sum += h == null ? weighted(error) : full(error, h);
            }
            return sum;
        }

        private double weighted(float[] error) {
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                sum += (double) error[j] * error[j] * diagonal[j];
            }
            return sum;
        }

        private double full(float[] error, float[] matrix) {
            double sum = 0;
            float[] product = new float[columns];
            for (int i = 0; i < columns; i++) {
                float e = error[i];
                int row = i * columns;
                // By rows into a vector: the compiler makes vector instructions of this, not of a dot product.
                for (int j = 0; j < columns; j++) {
                    product[j] += e * matrix[row + j];
                }
            }
            for (int j = 0; j < columns; j++) {
                sum += (double) product[j] * error[j];
            }
            return sum;
        }
    }
}
