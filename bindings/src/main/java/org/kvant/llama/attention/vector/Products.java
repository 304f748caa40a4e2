package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.FLOATS;
import static org.kvant.llama.attention.vector.Lanes.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Products of one query with keys. */
final class Products {
    /** Keys taken at once, so that additions don't wait for each other. */
    static final int KEYS = 4;

    private Products() {}

    /**
     * @param query row at {@code q}
     * @param keys rows one behind the other
     * @param count of keys, a multiple of {@link #KEYS}
     * @param target gets them from {@code t}
     */
    static void of(float[] query, int q, float[] keys, int count, int width, float[] target, int t) {
        for (int key = 0; key < count; key += KEYS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            FloatVector c = FloatVector.zero(FLOATS);
            FloatVector d = FloatVector.zero(FLOATS);
            int at = key * width;
            for (int i = 0; i < width; i += WIDTH, at += WIDTH) {
                FloatVector x = FloatVector.fromArray(FLOATS, query, q + i);
                a = x.fma(FloatVector.fromArray(FLOATS, keys, at), a);
                b = x.fma(FloatVector.fromArray(FLOATS, keys, at + width), b);
                c = x.fma(FloatVector.fromArray(FLOATS, keys, at + 2 * width), c);
                d = x.fma(FloatVector.fromArray(FLOATS, keys, at + 3 * width), d);
            }
            target[t + key] = a.reduceLanes(VectorOperators.ADD);
            target[t + key + 1] = b.reduceLanes(VectorOperators.ADD);
            target[t + key + 2] = c.reduceLanes(VectorOperators.ADD);
            target[t + key + 3] = d.reduceLanes(VectorOperators.ADD);
        }
    }
}
