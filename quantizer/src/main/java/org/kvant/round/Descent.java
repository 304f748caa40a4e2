package org.kvant.round;

import org.jspecify.annotations.Nullable;

/**
 * Coordinate descent on the loss of a tile of rows, {@code e H eᵀ − 2 l eᵀ} with {@code e = w − ŵ} (QuantEase, Behdin et al. 2023):
 * with {@code G = e H − l}, the best value of column j is the grid's nearest to {@code ŵ_j + G_j / H_jj}. Scales are refitted under
 * H in between. No step raises the loss but by rounding errors of G. Lent to one thread.
 */
abstract class Descent {

    /** Columns whose changes are passed on to the rest of the row together. */
    static final int STRIP = 32;

    /** Passes over a strip before its changes are passed on. */
    private static final int PASSES = 2;

    /** A step has to gain that fraction of what its terms amount to, lest rounding errors count. */
    static final float RELATIVE_GAIN = 1e-5f;

    final Grid grid;
    final float[][] h;
    private final boolean refit;
    private final int columns;
    private final int[] indices = new int[STRIP];
    private final float[] factors = new float[STRIP];

    Descent(Grid grid, float[][] h, boolean refit) {
        this.grid = grid;
        this.h = h;
        this.refit = refit;
        this.columns = h.length;
    }

    /** {@code G = (w − values) H − l}, anew. */
    static void gradient(
            float[][] w, int from, float[][] values, float @Nullable [][] linear, float[][] h, float[][] g, int rows) {
        int columns = h.length;
        int[] indices = new int[STRIP];
        float[] errors = new float[STRIP];
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < columns; j++) {
                g[r][j] = linear == null ? 0 : -linear[from + r][j];
            }
        }
        for (int c0 = 0; c0 < columns; c0 += STRIP) {
            int n = Math.min(STRIP, columns - c0);
            for (int t = 0; t < n; t++) {
                indices[t] = c0 + t;
            }
            for (int r = 0; r < rows; r++) {
                for (int t = 0; t < n; t++) {
                    errors[t] = w[from + r][c0 + t] - values[r][c0 + t];
                }
                RowUpdate.add(g[r], h, indices, errors, n, 0, columns);
            }
        }
    }

    /** The loss of a row whose G is given. */
    static double loss(float[] w, float[] values, float @Nullable [] linear, float[] g) {
        double loss = 0;
        for (int j = 0; j < w.length; j++) {
            double e = (double) w[j] - values[j];
            loss += e * (linear == null ? g[j] : (double) g[j] - linear[j]);
        }
        return loss;
    }

    /** One sweep over all columns of the tile's first {@code rows} rows; codes, values and G are changed together. */
    final void sweep(Code[] codes, float[][] values, float[][] g, int rows) {
        int wide = Math.max(STRIP, grid.superBlock() ? grid.block : grid.group);
        Strip strip = new Strip(grid, h);
        float[][] changes = new float[rows][wide];
        for (int c0 = 0; c0 < columns; c0 += STRIP) {
            for (int r = 0; r < rows; r++) {
                strip.enter(codes[r], values[r], g[r], c0, STRIP);
                for (int pass = 0; pass < PASSES && improve(strip, codes[r], values[r], g[r], c0); pass++) {
                    continue;
                }
                if (refit && grid.group <= STRIP) {
                    for (int group = c0 / grid.group; group * grid.group < c0 + STRIP; group++) {
                        strip.refitGroup(group);
                    }
                }
                spread(g[r], strip.changes, c0, STRIP, c0, c0 + STRIP);
            }
            int end = c0 + STRIP;
            if (refit && end % wide == 0 && wide > STRIP) {
                refitWide(codes, values, g, rows, end - wide, wide, changes);
            }
        }
    }

    /** Moves the columns of a strip to their best values; returns whether another pass could find more. */
    abstract boolean improve(Strip strip, Code code, float[] values, float[] g, int c0);

    /** Refits the scale of a block, or of a group wider than a strip, row by row, and passes the changes on together. */
    private void refitWide(Code[] codes, float[][] values, float[][] g, int rows, int c0, int wide, float[][] changes) {
        Strip strip = new Strip(grid, h);
        for (int r = 0; r < rows; r++) {
            strip.enter(codes[r], values[r], g[r], c0, wide);
            if (grid.superBlock()) {
                strip.refitBlock(c0 / grid.block);
            } else {
                strip.refitGroup(c0 / grid.group);
            }
            System.arraycopy(strip.changes, 0, changes[r], 0, wide);
        }
        float[] part = new float[STRIP];
        for (int s = 0; s < wide; s += STRIP) {
            for (int r = 0; r < rows; r++) {
                System.arraycopy(changes[r], s, part, 0, STRIP);
                spread(g[r], part, c0 + s, STRIP, c0, c0 + wide);
            }
        }
    }

    /** Subtracts from G what changes of the columns from c0 on do outside [inside, outside), where it is done already. */
    private void spread(float[] g, float[] changes, int c0, int n, int inside, int outside) {
        int count = 0;
        for (int t = 0; t < n; t++) {
            if (changes[t] != 0) {
                indices[count] = c0 + t;
                factors[count++] = -changes[t];
            }
        }
        RowUpdate.add(g, h, indices, factors, count, 0, inside);
        RowUpdate.add(g, h, indices, factors, count, outside, columns);
    }
}
