package org.kvant.round;

import java.util.Arrays;

/**
 * Neighbouring columns of one row whose changes act on their own part of G at once; the caller passes them on to the rest. Lent
 * to one thread.
 */
final class Strip {

    private static final double RELATIVE_GAIN = 1e-5;

    private final Grid grid;
    private final float[][] h;

    /** What was added to the values so far, from the first column of the strip on. */
    float[] changes = new float[0];

    private Code code;
    private Code saved;
    private float[] values = new float[0];
    private float[] g = new float[0];
    private int first;
    private int width;

    private float[] basis1 = new float[0];
    private float[] basis2 = new float[0];
    private float[] image = new float[0];
    private float[] next = new float[0];
    private int[] indices = new int[0];

    Strip(Grid grid, float[][] h) {
        this.grid = grid;
        this.h = h;
        code = grid.newCode(0);
        saved = grid.newCode(h.length);
    }

    /** Starts on other columns or another row. */
    void enter(Code rowCode, float[] rowValues, float[] rowG, int from, int n) {
        code = rowCode;
        values = rowValues;
        g = rowG;
        first = from;
        width = n;
        if (changes.length < n) {
            changes = new float[n];
            basis1 = new float[n];
            basis2 = new float[n];
            indices = new int[n];
            image = new float[h.length];
            next = new float[h.length];
        }
        Arrays.fill(changes, 0, n, 0);
    }

    /** Sets the value of a column. */
    void set(int j, float value) {
        float by = value - values[j];
        if (by == 0) {
            return;
        }
        values[j] = value;
        changes[j - first] += by;
        float[] row = h[j];
        for (int k = first; k < first + width; k++) {
            g[k] -= by * row[k];
        }
    }

    /** Fits the scale of a group to its codes under H, and keeps it if the loss falls. */
    void refitGroup(int group) {
        int from = group * grid.group;
        int n = grid.group;
        grid.groupBasis(code, group, basis1, basis2);
        Form form = form(from, n, grid.affine());
        saved.setScales(code, group, group + 1);
        int b = from / grid.block;
        saved.d[b] = code.d[b];
        saved.dmin[b] = code.dmin[b];
        grid.refitGroup(code, group, form.a11, form.a12, form.a22, form.b1, form.b2);
        if (!accept(from, n)) {
            code.setScales(saved, group, group + 1);
            code.d[b] = saved.d[b];
            code.dmin[b] = saved.dmin[b];
        }
    }

    /** Fits d and dmin of a block to its codes and integers under H, and keeps them if the loss falls. */
    void refitBlock(int b) {
        int from = b * grid.block;
        int groups = grid.block / grid.group;
        grid.blockBasis(code, b, basis1, basis2);
        Form form = form(from, grid.block, grid.affine());
        saved.setScales(code, b * groups, (b + 1) * groups);
        saved.d[b] = code.d[b];
        saved.dmin[b] = code.dmin[b];
        grid.refitBlock(code, b, form.a11, form.a12, form.a22, form.b1, form.b2);
        if (!accept(from, grid.block)) {
            code.setScales(saved, b * groups, (b + 1) * groups);
            code.d[b] = saved.d[b];
            code.dmin[b] = saved.dmin[b];
        }
    }

    private record Form(double a11, double a12, double a22, double b1, double b2) {}

    /** The loss as a quadratic in the factors of the bases, over n columns. */
    private Form form(int from, int n, boolean two) {
        times(basis1, from, n);
        double a11 = 0;
        double a12 = 0;
        double b1 = 0;
        double b2 = 0;
        for (int i = 0; i < n; i++) {
            a11 += (double) basis1[i] * image[from + i];
            b1 += (double) basis1[i] * g[from + i];
        }
        if (!two) {
            return new Form(a11, 0, 0, b1, 0);
        }
        for (int i = 0; i < n; i++) {
            a12 += (double) basis2[i] * image[from + i];
            b2 += (double) basis2[i] * g[from + i];
        }
        times(basis2, from, n);
        double a22 = 0;
        for (int i = 0; i < n; i++) {
            a22 += (double) basis2[i] * image[from + i];
        }
        return new Form(a11, a12, a22, b1, b2);
    }

    /** {@code image = vector · H} on the n columns. */
    private void times(float[] vector, int from, int n) {
        Arrays.fill(image, from, from + n, 0);
        for (int i = 0; i < n; i++) {
            indices[i] = from + i;
        }
        RowUpdate.add(image, h, indices, vector, n, from, from + n);
    }

    /** Recomputes the values of n columns from the changed scales; undoes nothing if that does not lower the loss. */
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
        times(basis1, from, n);
        double linear = 0;
        double quadratic = 0;
        for (int i = 0; i < n; i++) {
            linear += 2.0 * basis1[i] * g[from + i];
            quadratic += (double) basis1[i] * image[from + i];
        }
        if (!(linear - quadratic > RELATIVE_GAIN * (Math.abs(linear) + Math.abs(quadratic)))) {
            return false;
        }
        // In a strip wider than the n columns, all of its G follows.
        Arrays.fill(image, first, first + width, 0);
        RowUpdate.add(image, h, indices, basis1, n, first, first + width);
        for (int k = first; k < first + width; k++) {
            g[k] -= image[k];
        }
        for (int i = 0; i < n; i++) {
            values[from + i] = next[from + i];
            changes[from + i - first] += basis1[i];
        }
        return true;
    }
}
