package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.FLOATS;
import static org.kvant.llama.attention.vector.Lanes.WIDTH;

import jdk.incubator.vector.FloatVector;

/** Adds weighted values to what one or two rows have so far. */
final class Sums {
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
            a.intoArray(sums, s + i);
            b.intoArray(sums, s + i + WIDTH);
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
            a.intoArray(sums, s + i);
            b.intoArray(sums, s + i + WIDTH);
            c.intoArray(sums, next + i);
            d.intoArray(sums, next + i + WIDTH);
        }
    }
}
