package org.kvant.round;

import java.util.Arrays;
import org.kvant.round.PackedMatrix.LeftPanels;

/**
 * Neighbouring columns of one row, in one block of {@link PackedMatrix#BLOCK}, with a copy of their part of G on which changes act
 * at once. The caller passes the changes on to all of G. Columns count from the block's first here. Lent to one thread.
 */
final class Strip {

    /** A step has to gain that fraction of what its terms amount to, lest rounding errors count. */
    static final float RELATIVE_GAIN = 1e-5f;

    private static final int SIZE = PackedMatrix.BLOCK;

    private final Grid grid;
    private final float[][] h;

    /** G of the columns of the strip. */
    final float[] g = new float[SIZE];

    Code code;
    float[] values = new float[0];

    /** The first column of the block. */
    int block;

    private int first;
    private int end;
    private final float[] before = new float[SIZE];

    private final Code saved;
    private final float[] basis1 = new float[SIZE];
    private final float[] basis2 = new float[SIZE];
    private final float[] image = new float[SIZE];
    private final int[] indices = new int[SIZE];
    private final float[] next;

    /** @param h of each row the columns of its diagonal block */
    Strip(Grid grid, float[][] h) {
        this.grid = grid;
        this.h = h;
        this.code = grid.newCode(0);
        this.saved = grid.newCode(h.length);
        this.next = new float[h.length];
    }

    /**
     * Starts on other columns or another row.
     *
     * @param allG G, column 0 at {@code base}
     */
    void enter(Code rowCode, float[] rowValues, float[] allG, int base, int from, int n) {
        code = rowCode;
        values = rowValues;
        block = from - from % SIZE;
        first = from - block;
        end = first + n;
        System.arraycopy(allG, base + from, g, first, n);
        System.arraycopy(rowValues, from, before, first, n);
    }

    /** Puts what is to be added to G for each changed column, over H, into a row of panels. */
    void leave(int row, LeftPanels[] changes) {
        for (int i = first; i < end; i++) {
            int t = i - first;
            changes[t / PackedMatrix.STRIP].set(row, t % PackedMatrix.STRIP, before[i] - values[block + i]);
        }
    }

    float curvature(int i) {
        return h[block + i][i];
    }

    /** Sets the value of a column. */
    void set(int i, float value) {
        float by = value - values[block + i];
        if (by == 0) {
            return;
        }
        values[block + i] = value;
        float[] row = h[block + i];
        for (int k = first; k < end; k++) {
            g[k] -= by * row[k];
        }
    }

    /** Fits the scale of a group to its codes under H, and keeps it if the loss falls. */
    void refitGroup(int group) {
        int from = group * grid.group;
        grid.groupBasis(code, group, basis1, basis2);
        Form form = form(from, grid.group, grid.affine());
        int b = from / grid.block;
        save(group, group + 1, b);
        grid.refitGroup(code, group, form.a11, form.a12, form.a22, form.b1, form.b2);
        if (!accept(from, grid.group)) {
            restore(group, group + 1, b);
        }
    }

    /**
     * Fits d and dmin of a block to its codes and integers under H, and keeps them if the loss falls. The strip's G is out of date
     * then: this is the last that is done before {@link #leave}.
     */
    void refitBlock(int b) {
        int from = b * grid.block;
        int groups = grid.block / grid.group;
        grid.blockBasis(code, b, basis1, basis2);
        Form form = form(from, grid.block, grid.affine());
        save(b * groups, (b + 1) * groups, b);
        grid.refitBlock(code, b, form.a11, form.a12, form.a22, form.b1, form.b2);
        // The values change by exactly that, but for the rounding of products.
        double x = (double) Grid.single(code.d[b]) - Grid.single(saved.d[b]);
        double y = (double) Grid.single(code.dmin[b]) - Grid.single(saved.dmin[b]);
        double linear = 2 * (form.b1 * x + form.b2 * y);
        double quadratic = Quadratic.at(form.a11, form.a12, form.a22, 0, 0, x, y);
        if (gains(linear, quadratic)) {
            grid.values(code, from, from + grid.block, values);
        } else {
            restore(b * groups, (b + 1) * groups, b);
        }
    }

    private static boolean gains(double linear, double quadratic) {
        return linear - quadratic > RELATIVE_GAIN * (Math.abs(linear) + Math.abs(quadratic));
    }

    private void save(int from, int to, int b) {
        saved.setScales(code, from, to);
        saved.d[b] = code.d[b];
        saved.dmin[b] = code.dmin[b];
    }

    private void restore(int from, int to, int b) {
        code.setScales(saved, from, to);
        code.d[b] = saved.d[b];
        code.dmin[b] = saved.dmin[b];
    }

    private record Form(double a11, double a12, double a22, double b1, double b2) {}

    /** The loss as a quadratic in the factors of the bases, over n columns. */
    private Form form(int from, int n, boolean two) {
        int o = from - block;
        times(basis1, from, n, o, o + n);
        double a11 = 0;
        double a12 = 0;
        double b1 = 0;
        double b2 = 0;
        for (int i = 0; i < n; i++) {
            a11 += (double) basis1[i] * image[o + i];
            b1 += (double) basis1[i] * g[o + i];
        }
        if (!two) {
            return new Form(a11, 0, 0, b1, 0);
        }
        for (int i = 0; i < n; i++) {
            a12 += (double) basis2[i] * image[o + i];
            b2 += (double) basis2[i] * g[o + i];
        }
        times(basis2, from, n, o, o + n);
        double a22 = 0;
        for (int i = 0; i < n; i++) {
            a22 += (double) basis2[i] * image[o + i];
        }
        return new Form(a11, a12, a22, b1, b2);
    }

    /** Columns [low, high) of {@code image = vector · H}, the vector being 0 but for n columns. */
    private void times(float[] vector, int from, int n, int low, int high) {
        Arrays.fill(image, low, high, 0);
        for (int i = 0; i < n; i++) {
            indices[i] = from + i;
        }
        RowUpdate.add(image, h, indices, vector, n, low, high);
    }

    /** Takes over n values from changed scales; false, and nothing is changed, if that does not lower the loss. */
    private boolean accept(int from, int n) {
        grid.values(code, from, from + n, next);
        boolean changed = false;
        for (int i = 0; i < n; i++) {
            basis1[i] = next[from + i] - values[from + i];
            changed |= basis1[i] != 0;
        }
        if (!changed) {
            return true;
        }
        times(basis1, from, n, first, end);
        int o = from - block;
        double linear = 0;
        double quadratic = 0;
        for (int i = 0; i < n; i++) {
            linear += 2.0 * basis1[i] * g[o + i];
            quadratic += (double) basis1[i] * image[o + i];
        }
        if (!gains(linear, quadratic)) {
            return false;
        }
        for (int k = first; k < end; k++) {
            g[k] -= image[k];
        }
        System.arraycopy(next, from, values, from, n);
        return true;
    }
}
