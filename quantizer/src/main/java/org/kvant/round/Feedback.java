package org.kvant.round;

import java.util.Arrays;

/**
 * LDLQ of rows: columns are rounded one after another, and what the errors made so far do to the loss is compensated by
 * the columns still to come. Scales are fitted when a block is reached, on its compensated weights; where the block's scale is
 * given, groups are fitted again when they are reached. Thread-safe.
 */
final class Feedback {

    /** Columns after which errors are passed on to the rest of the row; a multiple or a divisor of every group. */
    private static final int STRIP = 32;

    private final Grid grid;
    private final UpperFactor factor;
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

    /** Rounds the rows of {@code w} from {@code from} to {@code to} into {@code codes[0..]}, the decoded values into {@code values}. */
    void round(float[][] w, int from, int to, Code[] codes, float[][] values) {
        int rows = to - from;
        int columns = w[from].length;
        float[][] shift = new float[rows][columns];
        float[][] errors = new float[rows][STRIP];
        float[] bounds = new float[rows];
        float[] x = new float[grid.block];
        float[] moves = new float[grid.block];
        int[] indices = new int[STRIP];
        for (int c0 = 0; c0 < columns; c0 += STRIP) {
            boolean newBlock = c0 % grid.block == 0;
            for (int r = 0; r < rows; r++) {
                if (newBlock) {
                    bounds[r] = clip * deviation(w[from + r], c0, grid.block);
                    compensated(w[from + r], shift[r], bounds[r], c0, grid.block, x, moves);
                    grid.fit(x, weights, c0, codes[r], c0 / grid.block);
                }
                strip(w[from + r], shift[r], bounds[r], c0, codes[r], values[r], errors[r], x, moves, newBlock);
            }
            for (int t = 0; t < STRIP; t++) {
                indices[t] = c0 + t;
            }
            for (int r = 0; r < rows; r++) {
                RowUpdate.add(shift[r], factor.upper(), indices, errors[r], STRIP, c0 + STRIP, columns);
            }
        }
    }

    private void strip(
            float[] w,
            float[] shift,
            float bound,
            int c0,
            Code code,
            float[] values,
            float[] errors,
            float[] x,
            float[] moves,
            boolean fitted) {
        int end = c0 + STRIP;
        int width = Math.min(grid.group, STRIP);
        for (int start = c0; start < end; start += width) {
            int g = start / grid.group;
            if (start % grid.group == 0 && !(fitted && start == c0)) {
                compensated(w, shift, bound, start, grid.group, x, moves);
                grid.adapt(x, weights, start, code, g);
            }
            float step = code.step[g];
            float offset = code.offset[g];
            float inverse = Grid.inverse(step);
            for (int j = start; j < start + width; j++) {
                float target = w[j] + bounded(shift[j], bound);
                int place = grid.levels.nearest((target - offset) * inverse);
                float value = step * grid.levels.value(place) + offset;
                code.places[j] = (byte) place;
                values[j] = value;
                float error = w[j] - value;
                errors[j - c0] = error;
                float[] row = factor.upper()[j];
                for (int k = j + 1; k < end; k++) {
                    shift[k] += error * row[k];
                }
            }
        }
    }

    /**
     * What the columns from {@code from} on would have to become if none of them were rounded; they lie in one block.
     *
     * @param moves lent
     */
    private void compensated(float[] w, float[] shift, float bound, int from, int n, float[] x, float[] moves) {
        int start = from - from % grid.block;
        int first = from - start;
        Arrays.fill(moves, first, first + n, 0);
        for (int i = 0; i < n; i++) {
            RowUpdate.add1(moves, inverses[from + i], shift[from + i], first + i, first + n);
        }
        for (int i = 0; i < n; i++) {
            x[i] = w[from + i] + bounded(moves[first + i], bound);
        }
    }

    private static float bounded(float shift, float bound) {
        return shift > bound ? bound : shift < -bound ? -bound : shift;
    }

    private static float deviation(float[] w, int from, int n) {
        double sum = 0;
        for (int i = from; i < from + n; i++) {
            sum += (double) w[i] * w[i];
        }
        return (float) Math.sqrt(sum / n);
    }
}
