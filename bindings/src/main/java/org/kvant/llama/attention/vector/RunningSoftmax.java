package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.FLOATS;
import static org.kvant.llama.attention.vector.Lanes.WIDTH;
import static org.kvant.llama.attention.vector.Lanes.exact;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The softmax of rows that come in parts (Rabe and Staats, "Self-attention does not need O(n²) memory", arXiv 2112.05682). */
final class RunningSoftmax {
    /** Smaller than any product, and still a number: the exponential of its distance to a product is 0. */
    private static final float NOTHING = -1e30f;

    private final float[] largest;
    private final float[] sums;
    private final float[] factors;

    RunningSoftmax(int rows) {
        largest = new float[rows];
        sums = new float[rows];
        factors = new float[rows];
    }

    void begin(int rows) {
        Arrays.fill(largest, 0, rows, NOTHING);
        Arrays.fill(sums, 0, rows, 0);
        Arrays.fill(factors, 0, rows, 1);
    }

    /**
     * Turns a part of a row's products into weights, which are to be divided by {@link #sum} in the end.
     *
     * @param products the part at {@code at}
     * @param count a multiple of the lanes
     */
    void weigh(int row, float[] products, int at, int count) {
        float before = largest[row];
        float now = largest(products, at, count, before);
        float sum = exponentials(products, at, count, now);
        float factor = before == now ? 1 : (float) Math.exp(before - now);
        largest[row] = now;
        factors[row] = factor;
        sums[row] = sums[row] * factor + sum;
    }

    /**
     * {@link #weigh} for as many rows as a vector has lanes, from {@code row} on.
     *
     * @param products with each cell in turn those of all rows
     * @param cells any number
     */
    void weighRows(int row, float[] products, int at, int cells) {
        FloatVector before = FloatVector.fromArray(FLOATS, largest, row);
        FloatVector now = largestOfRows(products, at, cells, before);
        FloatVector sum = exponentialsOfRows(products, at, cells, now);
        FloatVector factor = Lanes.exp(before.sub(now));
        exact(now).intoArray(largest, row);
        factor.intoArray(factors, row);
        FloatVector.fromArray(FLOATS, sums, row).fma(factor, sum).intoArray(sums, row);
    }

    private static FloatVector largestOfRows(float[] products, int at, int cells, FloatVector least) {
        FloatVector max = least;
        for (int cell = 0; cell < cells; cell++) {
            max = FloatVector.fromArray(FLOATS, products, at + cell * WIDTH).max(max);
        }
        return max;
    }

    private static FloatVector exponentialsOfRows(float[] products, int at, int cells, FloatVector largest) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int cell = 0; cell < cells; cell++) {
            int to = at + cell * WIDTH;
            FloatVector weights =
                    Lanes.exp(FloatVector.fromArray(FLOATS, products, to).sub(largest));
            weights.intoArray(products, to);
            sum = weights.add(sum);
        }
        return sum;
    }

    private static float largest(float[] products, int at, int count, float least) {
        FloatVector max = FloatVector.broadcast(FLOATS, least);
        for (int i = 0; i < count; i += WIDTH) {
            max = FloatVector.fromArray(FLOATS, products, at + i).max(max);
        }
        return exact(max).reduceLanes(VectorOperators.MAX);
    }

    /** Replaces numbers by the exponentials of their distances to the largest; returns the sum. */
    private static float exponentials(float[] products, int at, int count, float largest) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += WIDTH) {
            FloatVector weights =
                    Lanes.exp(FloatVector.fromArray(FLOATS, products, at + i).sub(largest));
            weights.intoArray(products, at + i);
            sum = weights.add(sum);
        }
        return exact(sum).reduceLanes(VectorOperators.ADD);
    }

    /** For each row what its sums of values so far are to be multiplied with, since the last part had a larger product. */
    float[] factors() {
        return factors;
    }

    /** Of all weights; 0 if everything was masked. */
    float sum(int row) {
        return sums[row];
    }
}
