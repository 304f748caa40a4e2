package org.kvant.round;

import org.jspecify.annotations.Nullable;
import org.kvant.round.PackedMatrix.LeftPanels;

/**
 * Coordinate descent on the loss of a tile of rows, {@code e H eᵀ − 2 l eᵀ} with {@code e = w − ŵ} (QuantEase, Behdin et al. 2023):
 * with {@code G = e H − l}, the best value of column j is the grid's nearest to {@code ŵ_j + G_j / H_jj}. Scales are refitted under
 * H in between. No step raises the loss but by rounding errors of G. Lent to one thread.
 */
abstract class Descent {

    /** Columns whose changes are passed on to the rest of the row together. */
    static final int STRIP = PackedMatrix.STRIP;

    /** Passes over a strip before its changes are passed on. */
    private static final int PASSES = 2;

    final Grid grid;
    private final Hessian h;
    private final boolean refit;
    private final int columns;

    Descent(Grid grid, Hessian h, boolean refit) {
        this.grid = grid;
        this.h = h;
        this.refit = refit;
        this.columns = h.columns();
    }

    /**
     * {@code G = (w − values) H − l}, anew; its rows are {@link PackedMatrix#stride} apart and padded for {@link LeftPanels}.
     */
    static float[] gradient(float[][] w, float[][] values, float @Nullable [][] linear, Hessian h) {
        int rows = w.length;
        int columns = h.columns();
        int stride = PackedMatrix.stride(columns);
        float[] g = new float[LeftPanels.padded(rows) * stride];
        for (int r = 0; linear != null && r < rows; r++) {
            for (int j = 0; j < columns; j++) {
                g[r * stride + j] = -linear[r][j];
            }
        }
        LeftPanels errors = new LeftPanels(rows);
        for (int c0 = 0; c0 < columns; c0 += STRIP) {
            for (int r = 0; r < rows; r++) {
                for (int t = 0; t < STRIP; t++) {
                    errors.set(r, t, w[r][c0 + t] - values[r][c0 + t]);
                }
            }
            h.matrix().addProduct(c0 / STRIP, errors, g, 0);
        }
        return g;
    }

    /** The losses of rows whose G is given. */
    static double[] losses(float[][] w, float[][] values, float @Nullable [][] linear, float[] g) {
        double[] losses = new double[w.length];
        for (int r = 0; r < w.length; r++) {
            int columns = w[r].length;
            int base = r * PackedMatrix.stride(columns);
            double loss = 0;
            for (int j = 0; j < columns; j++) {
                double e = (double) w[r][j] - values[r][j];
                loss += e * (linear == null ? g[base + j] : (double) g[base + j] - linear[r][j]);
            }
            losses[r] = loss;
        }
        return losses;
    }

    /** One sweep over all columns; codes, values and G are changed together. */
    final void sweep(Code[] codes, float[][] values, float[] g) {
        int rows = codes.length;
        int stride = PackedMatrix.stride(columns);
        int wide = Math.max(STRIP, grid.superBlock() ? grid.block : grid.group);
        Strip strip = new Strip(grid, h.blocks());
        LeftPanels[] changes = new LeftPanels[wide / STRIP];
        for (int s = 0; s < changes.length; s++) {
            changes[s] = new LeftPanels(rows);
        }
        for (int c0 = 0; c0 < columns; c0 += STRIP) {
            for (int r = 0; r < rows; r++) {
                strip.enter(codes[r], values[r], g, r * stride, c0, STRIP);
                for (int pass = 0; pass < PASSES && improve(strip, c0); pass++) {
                    continue;
                }
                if (refit && grid.group <= STRIP) {
                    for (int group = c0 / grid.group; group * grid.group < c0 + STRIP; group++) {
                        strip.refitGroup(group);
                    }
                }
                strip.leave(r, changes);
            }
            h.matrix().addProduct(c0 / STRIP, changes[0], g, 0);
            int end = c0 + STRIP;
            if (refit && end % wide == 0 && wide > STRIP) {
                refitWide(strip, codes, values, g, end - wide, changes);
            }
        }
    }

    /** Moves the columns of a strip to their best values; returns whether another pass could find more. */
    abstract boolean improve(Strip strip, int c0);

    /** Refits the scale of a block, or of a group wider than a strip, row by row, and passes the changes on together. */
    private void refitWide(Strip strip, Code[] codes, float[][] values, float[] g, int c0, LeftPanels[] changes) {
        int stride = PackedMatrix.stride(columns);
        for (int r = 0; r < codes.length; r++) {
            strip.enter(codes[r], values[r], g, r * stride, c0, changes.length * STRIP);
            if (grid.superBlock()) {
                strip.refitBlock(c0 / grid.block);
            } else {
                strip.refitGroup(c0 / grid.group);
            }
            strip.leave(r, changes);
        }
        for (int s = 0; s < changes.length; s++) {
            h.matrix().addProduct(c0 / STRIP + s, changes[s], g, 0);
        }
    }
}
