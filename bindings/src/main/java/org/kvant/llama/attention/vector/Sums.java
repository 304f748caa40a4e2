package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.FLOATS;
import static org.kvant.llama.attention.vector.Lanes.WIDTH;
import static org.kvant.llama.attention.vector.Lanes.exact;

import jdk.incubator.vector.FloatVector;

/** Adds weighted values to what one, two or four rows have so far. */
final class Sums {
    /** Most rows at once. */
    static final int ROWS = 4;

    private Sums() {}

    /**
     * {@code sums = sums * factor + weights x values}.
     *
     * @param weights one for each value, from {@code w}
     * @param values rows one behind the other
     * @param width a multiple of twice the lanes
     * @param sums the row at {@code s}
     */
    static void add(float[] weights, int w, float[] values, int count, int width, float[] sums, int s, float factor) {
        for (int i = 0; i < width; i += 2 * WIDTH) {
            FloatVector a = FloatVector.fromArray(FLOATS, sums, s + i).mul(factor);
            FloatVector b = FloatVector.fromArray(FLOATS, sums, s + i + WIDTH).mul(factor);
            int at = i;
            for (int value = 0; value < count; value++, at += width) {
                FloatVector x = FloatVector.broadcast(FLOATS, weights[w + value]);
                a = x.fma(FloatVector.fromArray(FLOATS, values, at), a);
                b = x.fma(FloatVector.fromArray(FLOATS, values, at + WIDTH), b);
            }
            exact(a).intoArray(sums, s + i);
            exact(b).intoArray(sums, s + i + WIDTH);
        }
    }

    /** {@link #add} for two rows, which share the loading of the values; each next to the other by its stride. */
    static void addTwo(
            float[] weights,
            int w,
            int nextWeights,
            float[] values,
            int count,
            int width,
            float[] sums,
            int s,
            float factor,
            float nextFactor) {
        int next = s + width;
        for (int i = 0; i < width; i += 2 * WIDTH) {
            FloatVector a = FloatVector.fromArray(FLOATS, sums, s + i).mul(factor);
            FloatVector b = FloatVector.fromArray(FLOATS, sums, s + i + WIDTH).mul(factor);
            FloatVector c = FloatVector.fromArray(FLOATS, sums, next + i).mul(nextFactor);
            FloatVector d =
                    FloatVector.fromArray(FLOATS, sums, next + i + WIDTH).mul(nextFactor);
            int at = i;
            for (int value = 0; value < count; value++, at += width) {
                FloatVector v = FloatVector.fromArray(FLOATS, values, at);
                FloatVector u = FloatVector.fromArray(FLOATS, values, at + WIDTH);
                FloatVector x = FloatVector.broadcast(FLOATS, weights[w + value]);
                FloatVector y = FloatVector.broadcast(FLOATS, weights[w + nextWeights + value]);
                a = x.fma(v, a);
                b = x.fma(u, b);
                c = y.fma(v, c);
                d = y.fma(u, d);
            }
            exact(a).intoArray(sums, s + i);
            exact(b).intoArray(sums, s + i + WIDTH);
            exact(c).intoArray(sums, next + i);
            exact(d).intoArray(sums, next + i + WIDTH);
        }
    }

    /**
     * {@link #add} for four rows whose weights for a value lie beside each other.
     *
     * @param stride from a value's weights to those of the next
     * @param factors one for each row, from {@code f}
     */
    static void addFour(
            float[] weights,
            int w,
            int stride,
            float[] values,
            int count,
            int width,
            float[] sums,
            int s,
            float[] factors,
            int f) {
        for (int i = 0; i < width; i += 2 * WIDTH) {
            int at0 = s + i;
            int at1 = at0 + width;
            int at2 = at1 + width;
            int at3 = at2 + width;
            FloatVector a = FloatVector.fromArray(FLOATS, sums, at0).mul(factors[f]);
            FloatVector b = FloatVector.fromArray(FLOATS, sums, at0 + WIDTH).mul(factors[f]);
            FloatVector c = FloatVector.fromArray(FLOATS, sums, at1).mul(factors[f + 1]);
            FloatVector d = FloatVector.fromArray(FLOATS, sums, at1 + WIDTH).mul(factors[f + 1]);
            FloatVector e = FloatVector.fromArray(FLOATS, sums, at2).mul(factors[f + 2]);
            FloatVector g = FloatVector.fromArray(FLOATS, sums, at2 + WIDTH).mul(factors[f + 2]);
            FloatVector h = FloatVector.fromArray(FLOATS, sums, at3).mul(factors[f + 3]);
            FloatVector j = FloatVector.fromArray(FLOATS, sums, at3 + WIDTH).mul(factors[f + 3]);
            int at = i;
            int from = w;
            for (int value = 0; value < count; value++, at += width, from += stride) {
                FloatVector v = FloatVector.fromArray(FLOATS, values, at);
                FloatVector u = FloatVector.fromArray(FLOATS, values, at + WIDTH);
                FloatVector x = FloatVector.broadcast(FLOATS, weights[from]);
                a = x.fma(v, a);
                b = x.fma(u, b);
                FloatVector y = FloatVector.broadcast(FLOATS, weights[from + 1]);
                c = y.fma(v, c);
                d = y.fma(u, d);
                FloatVector z = FloatVector.broadcast(FLOATS, weights[from + 2]);
                e = z.fma(v, e);
                g = z.fma(u, g);
                FloatVector q = FloatVector.broadcast(FLOATS, weights[from + 3]);
                h = q.fma(v, h);
                j = q.fma(u, j);
            }
            exact(a).intoArray(sums, at0);
            exact(b).intoArray(sums, at0 + WIDTH);
            exact(c).intoArray(sums, at1);
            exact(d).intoArray(sums, at1 + WIDTH);
            exact(e).intoArray(sums, at2);
            exact(g).intoArray(sums, at2 + WIDTH);
            exact(h).intoArray(sums, at3);
            exact(j).intoArray(sums, at3 + WIDTH);
        }
    }
}
