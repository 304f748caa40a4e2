package org.kvant.round;

import java.util.Arrays;

/**
 * LDLQ: columns are rounded one after another, and what the errors made so far do to the loss is compensated by the columns still
 * to come. Scales are fitted when a block is reached, on its compensated weights; where the block's scale is given, groups are
 * fitted again when they are reached. Thread-safe.
 */
abstract class Feedback {

    /** Columns after which errors are passed on to the rest of the row; a multiple or a divisor of every group. */
    static final int STRIP = 32;

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

        /** By how much the errors so far move each column's target. */
        final float[] shift;

        /** Errors of the strip that is being rounded. */
        final float[] errors = new float[STRIP];

        /** How far a weight may move. */
        private float bound;

        private final float[] x;
        private final float[] moves;

        Row(float[] w, Code code, float[] values, float[] x, float[] moves) {
            this.w = w;
            this.code = code;
            this.values = values;
            this.shift = new float[w.length];
            this.x = x;
            this.moves = moves;
        }

        /** A column's target when all before it are rounded. */
        float target(int j) {
            return w[j] + bounded(shift[j]);
        }

        /** Sets a column's value and moves the targets of the columns from {@code from} to the strip's end. */
        void set(int j, float value, int from, int end) {
            values[j] = value;
            float error = w[j] - value;
            errors[j % STRIP] = error;
            float[] row = factor.upper()[j];
            for (int k = from; k < end; k++) {
                shift[k] += error * row[k];
            }
        }

        /** What the columns from {@code from} on, in one block, would have to become if none of them were rounded. */
        float[] compensated(int from, int n) {
            int first = from % grid.block;
            Arrays.fill(moves, first, first + n, 0);
            for (int i = 0; i < n; i++) {
                RowUpdate.add1(moves, inverses[from + i], shift[from + i], first + i, first + n);
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

    /** Rounds rows: sets codes and the decoded values. */
    final void round(float[][] w, Code[] codes, float[][] values) {
        int columns = w[0].length;
        float[] x = new float[grid.block];
        float[] moves = new float[grid.block];
        Row[] rows = new Row[w.length];
        Arrays.setAll(rows, r -> new Row(w[r], codes[r], values[r], x, moves));
        int[] indices = new int[STRIP];
        for (int c0 = 0; c0 < columns; c0 += STRIP) {
            for (Row row : rows) {
                strip(row, c0);
            }
            for (int t = 0; t < STRIP; t++) {
                indices[t] = c0 + t;
            }
            for (Row row : rows) {
                RowUpdate.add(row.shift, factor.upper(), indices, row.errors, STRIP, c0 + STRIP, columns);
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
