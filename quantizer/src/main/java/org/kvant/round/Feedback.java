package org.kvant.round;

import java.util.Arrays;
import org.kvant.round.PackedMatrix.LeftPanels;

/**
 * LDLQ: columns are rounded one after another, and what the errors made so far do to the loss is compensated by the columns still
 * to come. Scales are fitted when a block is reached, on its compensated weights; where the block's scale is given, groups are
 * fitted again when they are reached. Thread-safe.
 */
abstract class Feedback {

    /** Columns after which errors are passed on to the rest of the row; a multiple or a divisor of every group. */
    static final int STRIP = PackedMatrix.STRIP;

    final Grid grid;
    final UpperFactor factor;
    private final float[] weights;
    private final float clip;
    private final float[][] inverses;

    /**
     * @param weights what scales are fitted under, one for each column
     * @param clip see {@link RoundingOptions}
     */
    Feedback(Grid grid, UpperFactor factor, float[] weights, double clip) {
        this.grid = grid;
        this.factor = factor;
        this.weights = weights;
        this.clip = (float) clip;
        this.inverses = factor.blockInverses(grid.block);
    }

    /** A row on its way. */
    final class Row {
        final float[] w;
        final Code code;
        final float[] values;

        /** By how much the errors so far move each column's target, column 0 at {@link #base}. */
        private final float[] shift;

        private final int base;

        /** Errors of the strip that is being rounded, of all rows. */
        private final LeftPanels errors;

        private final int number;

        /** How far a weight may move. */
        private float bound;

        private final float[] x;
        private final float[] moves;

        Row(int number, float[] w, Code code, float[] values, Tile tile) {
            this.number = number;
            this.w = w;
            this.code = code;
            this.values = values;
            this.shift = tile.shift;
            this.base = number * tile.stride;
            this.errors = tile.errors;
            this.x = tile.x;
            this.moves = tile.moves;
        }

        /** A column's target when all before it are rounded. */
        float target(int j) {
            return w[j] + bounded(shift[base + j]);
        }

        /** Sets a column's value and moves the targets of the columns from {@code from} to the strip's end. */
        void set(int j, float value, int from, int end) {
            values[j] = value;
            float error = w[j] - value;
            errors.set(number, j % STRIP, error);
            float[] row = factor.blocks()[j];
            int start = j - j % PackedMatrix.BLOCK;
            for (int k = from; k < end; k++) {
                shift[base + k] += error * row[k - start];
            }
        }

        /** What the columns from {@code from} on, in one block, would have to become if none of them were rounded. */
        float[] compensated(int from, int n) {
            int first = from % grid.block;
            Arrays.fill(moves, first, first + n, 0);
            for (int i = 0; i < n; i++) {
                RowUpdate.add1(moves, inverses[from + i], shift[base + from + i], first + i, first + n);
            }
            for (int i = 0; i < n; i++) {
                x[i] = w[from + i] + bounded(moves[first + i]);
            }
            return x;
        }

        private float bounded(float move) {
            return move > bound ? bound : move < -bound ? -bound : move;
        }
    }

    /** Chooses the columns [from, to) of a strip that ends at {@code end}, in one group whose scale is fitted. */
    abstract void choose(Row row, int from, int to, int end);

    /** What the rows of a tile share. */
    private final class Tile {
        final int stride;
        final float[] shift;
        final LeftPanels errors;
        final float[] x = new float[grid.block];
        final float[] moves = new float[grid.block];

        Tile(int rows, int columns) {
            stride = PackedMatrix.stride(columns);
            shift = new float[LeftPanels.padded(rows) * stride];
            errors = new LeftPanels(rows);
        }
    }

    /** Rounds rows: sets codes and the decoded values. */
    final void round(float[][] w, Code[] codes, float[][] values) {
        int columns = w[0].length;
        Tile tile = new Tile(w.length, columns);
        Row[] rows = new Row[w.length];
        Arrays.setAll(rows, r -> new Row(r, w[r], codes[r], values[r], tile));
        for (int c0 = 0; c0 < columns; c0 += STRIP) {
            for (Row row : rows) {
                strip(row, c0);
            }
            // Panels may begin before the next strip; targets that are past do not matter any more.
            if (c0 + STRIP < columns) {
                factor.upper().addProduct(c0 / STRIP, tile.errors, tile.shift, c0 + STRIP);
            }
        }
    }

    private void strip(Row row, int c0) {
        boolean newBlock = c0 % grid.block == 0;
        if (newBlock) {
            row.bound = clip * deviation(row.w, c0, grid.block);
            grid.fit(row.compensated(c0, grid.block), weights, c0, row.code, c0 / grid.block);
        }
        int end = c0 + STRIP;
        int width = Math.min(grid.group, STRIP);
        for (int start = c0; start < end; start += width) {
            if (start % grid.group == 0 && !(newBlock && start == c0)) {
                grid.adapt(row.compensated(start, grid.group), weights, start, row.code, start / grid.group);
            }
            choose(row, start, start + width, end);
        }
    }

    private static float deviation(float[] w, int from, int n) {
        double sum = 0;
        for (int i = from; i < from + n; i++) {
            sum += (double) w[i] * w[i];
        }
        return (float) Math.sqrt(sum / n);
    }
}
