package org.kvant.round;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.codec.Codec;
import org.kvant.codec.WeightedFits;
import org.kvant.gguf.GgmlType;
import org.kvant.round.RoundedMatrix.Stage;

/**
 * Rounds weight matrices under the second moment of their inputs. Each row gets the best of what the importance-weighted codec,
 * feedback and descent found for it, so no row's loss is above the codec's.
 */
public final class MatrixRounder {

    /** Rows that go through all stages together; their share of H's rows then stays in cache. */
    private static final int TILE = 32;

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
        return new Run(input, h, options, grid).run();
    }

    /** One matrix. Columns stand in the order of rounding in everything but the input and the result. */
    private static final class Run {
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
        private final byte[] bytes;
        private final float[] values;
        private final Map<Stage, double[]> losses = new EnumMap<>(Stage.class);

        Run(RoundingInput input, Hessian h, RoundingOptions options, Grid grid) {
            this.input = input;
            this.options = options;
            this.grid = grid;
            rows = input.rows();
            columns = input.columns();
            natural = options.order() == ColumnOrder.NATURAL;
            order = options.order().columns(h.diagonal(), grid.unit(), grid.group, grid.block);
            this.h = natural ? h : h.permuted(order);
            feedback = options.feedback() && input.start() == null ? feedback() : null;
            blocks = grid instanceof CodebookGrid && options.sweeps() > 0 ? UnitBlocks.of(this.h.rows()) : null;
            bytes = new byte[Math.toIntExact(input.type().bytes((long) rows * columns))];
            values = new float[rows * columns];
            codecBytes = input.start() != null ? input.start() : encode(h.diagonal());
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

        private byte[] encode(float @Nullable [] importance) {
            Codec codec = WeightedFits.of(input.type());
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
            Code[] best = unpack(from, n);
            float[][] bestValues = new float[n][columns];
            for (int r = 0; r < n; r++) {
                grid.values(best[r], 0, columns, bestValues[r]);
            }
            float[][] g = new float[n][columns];
            Descent.gradient(w, 0, bestValues, linear, h.rows(), g, n);
            double[] bestLoss = record(Stage.IMPORTANCE, from, w, bestValues, linear, g);
            if (feedback != null) {
                Code[] codes = newCodes(n);
                float[][] next = new float[n][columns];
                float[][] nextG = new float[n][columns];
                feedback.round(w, codes, next);
                Descent.gradient(w, 0, next, linear, h.rows(), nextG, n);
                double[] loss = record(Stage.FEEDBACK, from, w, next, linear, nextG);
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
                        ? new ScalarDescent(grid, h.rows(), options.refit())
                        : new CodebookDescent((CodebookGrid) grid, h.rows(), options.refit(), blocks);
                for (int sweep = 0; sweep < options.sweeps(); sweep++) {
                    descent.sweep(codes, next, g, n);
                }
                Descent.gradient(w, 0, next, linear, h.rows(), g, n);
                double[] loss = record(Stage.SWEEPS, from, w, next, linear, g);
                keepBetter(best, bestValues, g, bestLoss, codes, next, g, loss);
            }
            for (int r = 0; r < n; r++) {
                store(from + r, best[r], bestValues[r]);
                losses(Stage.CHOSEN)[from + r] = bestLoss[r] * h.unit() * rowWeight(from + r);
            }
        }

        private Code[] newCodes(int n) {
            Code[] codes = new Code[n];
            Arrays.setAll(codes, r -> grid.newCode(columns));
            return codes;
        }

        private static void keepBetter(
                Code[] best,
                float[][] values,
                float[][] g,
                double[] losses,
                Code[] codes,
                float[][] nextValues,
                float[][] nextG,
                double[] nextLosses) {
            for (int r = 0; r < best.length; r++) {
                if (nextLosses[r] < losses[r]) {
                    best[r] = codes[r];
                    values[r] = nextValues[r];
                    g[r] = nextG[r];
                    losses[r] = nextLosses[r];
                }
            }
        }

        /** Losses over H's unit and the row's weight; what is reported has both. */
        private double[] record(
                Stage stage, int from, float[][] w, float[][] decoded, float @Nullable [][] linear, float[][] g) {
            double[] result = new double[w.length];
            for (int r = 0; r < w.length; r++) {
                result[r] = Descent.loss(w[r], decoded[r], linear == null ? null : linear[r], g[r]);
                losses(stage)[from + r] = result[r] * h.unit() * rowWeight(from + r);
            }
            return result;
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

        private Code[] unpack(int from, int n) {
            int rowBytes = bytes.length / rows;
            Code[] codes = new Code[n];
            for (int r = 0; r < n; r++) {
                Code code = grid.newCode(columns);
                for (int b = 0; b < columns / grid.block; b++) {
                    int at = (from + r) * rowBytes + b * grid.type.typeSize();
                    grid.layout.unpack(codecBytes, at, grid.levels, code, b);
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
}
