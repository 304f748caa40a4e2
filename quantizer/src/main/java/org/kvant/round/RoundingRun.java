package org.kvant.round;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codec;
import org.kvant.codec.Codecs;
import org.kvant.codec.WeightedFits;
import org.kvant.round.RoundedMatrix.Stage;

/** The rounding of one matrix. Columns stand in the order of rounding in everything but the input and the result. */
final class RoundingRun {

    /** Rows that go through all stages together; the strips of H that they share then stay in cache. */
    private static final int TILE = 48;

    private final RoundingInput input;
    private final RoundingOptions options;
    private final Grid grid;
    private final Hessian h;
    private final int[] order;
    private final boolean natural;
    private final int rows;
    private final int columns;
    private final @Nullable Feedback feedback;
    private final @Nullable UnitBlocks blocks;
    private final byte[] codecBytes;
    private final byte @Nullable [] plainBytes;
    private final byte[] bytes;
    private final float[] values;
    private final Map<Stage, double[]> losses = new EnumMap<>(Stage.class);

    RoundingRun(RoundingInput input, Hessian h, RoundingOptions options, Grid grid) {
        this.input = input;
        this.options = options;
        this.grid = grid;
        rows = input.rows();
        columns = input.columns();
        natural = options.order() == ColumnOrder.NATURAL;
        order = options.order().columns(h.diagonal(), grid.unit(), grid.group, grid.block);
        this.h = natural ? h : h.permuted(order);
        feedback = options.feedback() && input.start() == null ? feedback() : null;
        blocks = grid instanceof CodebookGrid && options.sweeps() > 0 ? UnitBlocks.of(this.h.blocks()) : null;
        bytes = new byte[Math.toIntExact(input.type().bytes((long) rows * columns))];
        values = new float[rows * columns];
        codecBytes = input.start() != null ? input.start() : encode(WeightedFits.of(input.type()), h.diagonal());
        plainBytes = options.plain() ? plain() : null;
        if (plainBytes != null) {
            stage(Stage.NEAREST);
        }
        stage(Stage.IMPORTANCE);
        if (feedback != null) {
            stage(Stage.FEEDBACK);
        }
        if (options.sweeps() > 0) {
            stage(Stage.SWEEPS);
        }
        stage(Stage.CHOSEN);
    }

    private Feedback feedback() {
        UpperFactor factor = h.factor(options.threads());
        float[] weights = new float[columns];
        double p = options.weightPower();
        for (int j = 0; j < columns; j++) {
            weights[j] = (float) (Math.pow(factor.weights()[j], p) * Math.pow(h.diagonal()[j], 1 - p));
        }
        return grid instanceof CodebookGrid codebook
                ? new CodebookFeedback(codebook, factor, weights, options.clip())
                : new ScalarFeedback(grid, factor, weights, options.clip());
    }

    private void stage(Stage stage) {
        losses.put(stage, new double[rows]);
    }

    private double[] losses(Stage stage) {
        return Objects.requireNonNull(losses.get(stage));
    }

    /** The library's own rounding; what it does not make without importance gets an even one. */
    private byte[] plain() {
        Codec codec = Codecs.of(input.type());
        float[] ones = new float[columns];
        Arrays.fill(ones, 1);
        return encode(codec, codec.requiresImportance() ? ones : null);
    }

    private byte[] encode(Codec codec, float @Nullable [] importance) {
        byte[] result = new byte[bytes.length];
        int rowBytes = result.length / rows;
        Tiles.run(
                rows,
                TILE,
                options.threads(),
                (from, to) -> codec.encode(
                        input.weights(),
                        from * columns,
                        MemorySegment.ofArray(result),
                        (long) from * rowBytes,
                        to - from,
                        columns,
                        importance));
        return result;
    }

    RoundedMatrix run() {
        Tiles.run(rows, TILE, options.threads(), this::tile);
        return new RoundedMatrix(input.type(), rows, columns, bytes, values, losses);
    }

    private void tile(int from, int to) {
        int n = to - from;
        float[][] w = rowsOf(input.weights(), from, n, 1);
        float @Nullable [][] linear = linear(from, n);
        if (plainBytes != null) {
            float[][] plain = decoded(unpack(plainBytes, from, n));
            record(Stage.NEAREST, from, Descent.losses(w, plain, linear, Descent.gradient(w, plain, linear, h)));
        }
        Code[] best = unpack(codecBytes, from, n);
        float[][] bestValues = decoded(best);
        float[] g = Descent.gradient(w, bestValues, linear, h);
        double[] bestLoss = record(Stage.IMPORTANCE, from, Descent.losses(w, bestValues, linear, g));
        if (feedback != null) {
            Code[] codes = newCodes(n);
            float[][] next = new float[n][columns];
            feedback.round(w, codes, next);
            float[] nextG = Descent.gradient(w, next, linear, h);
            double[] loss = record(Stage.FEEDBACK, from, Descent.losses(w, next, linear, nextG));
            keepBetter(best, bestValues, g, bestLoss, codes, next, nextG, loss);
        }
        if (options.sweeps() > 0) {
            Code[] codes = newCodes(n);
            float[][] next = new float[n][];
            for (int r = 0; r < n; r++) {
                codes[r].set(best[r]);
                next[r] = bestValues[r].clone();
            }
            Descent descent = blocks == null
                    ? new ScalarDescent(grid, h, options.refit())
                    : new CodebookDescent((CodebookGrid) grid, h, options.refit(), blocks);
            for (int sweep = 0; sweep < options.sweeps(); sweep++) {
                descent.sweep(codes, next, g);
            }
            float[] nextG = Descent.gradient(w, next, linear, h);
            double[] loss = record(Stage.SWEEPS, from, Descent.losses(w, next, linear, nextG));
            keepBetter(best, bestValues, g, bestLoss, codes, next, nextG, loss);
        }
        for (int r = 0; r < n; r++) {
            store(from + r, best[r], bestValues[r]);
            losses(Stage.CHOSEN)[from + r] = bestLoss[r] * h.unit() * rowWeight(from + r);
        }
    }

    private float[][] decoded(Code[] codes) {
        float[][] result = new float[codes.length][columns];
        for (int r = 0; r < codes.length; r++) {
            grid.values(codes[r], 0, columns, result[r]);
        }
        return result;
    }

    private Code[] newCodes(int n) {
        Code[] codes = new Code[n];
        Arrays.setAll(codes, r -> grid.newCode(columns));
        return codes;
    }

    private void keepBetter(
            Code[] best,
            float[][] values,
            float[] g,
            double[] losses,
            Code[] codes,
            float[][] nextValues,
            float[] nextG,
            double[] nextLosses) {
        int stride = PackedMatrix.stride(columns);
        for (int r = 0; r < best.length; r++) {
            if (nextLosses[r] < losses[r]) {
                best[r] = codes[r];
                values[r] = nextValues[r];
                System.arraycopy(nextG, r * stride, g, r * stride, columns);
                losses[r] = nextLosses[r];
            }
        }
    }

    /** Losses are over H's unit and the row's weight; what is reported has both. */
    private double[] record(Stage stage, int from, double[] rowLosses) {
        for (int r = 0; r < rowLosses.length; r++) {
            losses(stage)[from + r] = rowLosses[r] * h.unit() * rowWeight(from + r);
        }
        return rowLosses;
    }

    private double rowWeight(int row) {
        return input.rowWeights() == null ? 1 : input.rowWeights()[row];
    }

    private float @Nullable [][] linear(int from, int n) {
        if (input.linear() == null) {
            return null;
        }
        float[][] result = rowsOf(input.linear(), from, n, 1 / h.unit());
        for (int r = 0; r < n; r++) {
            for (int j = 0; j < columns; j++) {
                result[r][j] = (float) (result[r][j] / rowWeight(from + r));
            }
        }
        return result;
    }

    private float[][] rowsOf(float[] matrix, int from, int n, double factor) {
        float[][] result = new float[n][columns];
        for (int r = 0; r < n; r++) {
            for (int j = 0; j < columns; j++) {
                result[r][j] = (float) (matrix[(from + r) * columns + order[j]] * factor);
            }
        }
        return result;
    }

    private Code[] unpack(byte[] source, int from, int n) {
        int rowBytes = bytes.length / rows;
        Code[] codes = new Code[n];
        for (int r = 0; r < n; r++) {
            Code code = grid.newCode(columns);
            for (int b = 0; b < columns / grid.block; b++) {
                int at = (from + r) * rowBytes + b * grid.type.typeSize();
                grid.layout.unpack(source, at, grid.levels, code, b);
                grid.decodeScales(code, b);
            }
            codes[r] = natural ? code : permuted(code, order);
        }
        return codes;
    }

    private void store(int row, Code code, float[] decoded) {
        Code stored = natural ? code : permuted(code, inverse());
        int rowBytes = bytes.length / rows;
        for (int b = 0; b < columns / grid.block; b++) {
            int at = row * rowBytes + b * grid.type.typeSize();
            grid.layout.pack(stored, b, grid.levels, bytes, at);
        }
        for (int j = 0; j < columns; j++) {
            values[row * columns + order[j]] = decoded[j];
        }
    }

    private Code permuted(Code code, int[] to) {
        Code result = grid.newCode(columns);
        result.setPermuted(code, to);
        return result;
    }

    private int[] inverse() {
        int[] inverse = new int[columns];
        for (int j = 0; j < columns; j++) {
            inverse[order[j]] = j;
        }
        return inverse;
    }
}
