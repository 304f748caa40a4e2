package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.FLOATS;
import static org.kvant.llama.attention.vector.Lanes.WIDTH;
import static org.kvant.llama.attention.vector.Lanes.exact;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Products of queries with keys. */
final class Products {
    /** Keys taken at once, so that additions don't wait for each other. */
    static final int KEYS = 4;
    /** The same with as many queries as a vector has lanes. */
    static final int MANY_KEYS = 8;

    private Products() {}

    /**
     * Products of one query.
     *
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
            target[t + key] = exact(a).reduceLanes(VectorOperators.ADD);
            target[t + key + 1] = exact(b).reduceLanes(VectorOperators.ADD);
            target[t + key + 2] = exact(c).reduceLanes(VectorOperators.ADD);
            target[t + key + 3] = exact(d).reduceLanes(VectorOperators.ADD);
        }
    }

    /**
     * Products of as many queries as a vector has lanes: no lanes have to be added up.
     *
     * @param queries their first values from {@code q} on, then their second values, and so on
     * @param keys rows one behind the other
     * @param count of keys, a multiple of {@link #MANY_KEYS}
     * @param target gets the products with the first key from {@code t} on, then those with the second, and so on
     */
    static void ofRows(float[] queries, int q, float[] keys, int count, int width, float[] target, int t) {
        for (int key = 0; key < count; key += MANY_KEYS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = FloatVector.zero(FLOATS);
            FloatVector c = FloatVector.zero(FLOATS);
            FloatVector d = FloatVector.zero(FLOATS);
            FloatVector e = FloatVector.zero(FLOATS);
            FloatVector f = FloatVector.zero(FLOATS);
            FloatVector g = FloatVector.zero(FLOATS);
            FloatVector h = FloatVector.zero(FLOATS);
            int at = key * width;
            for (int i = 0; i < width; i++, at++) {
                FloatVector x = FloatVector.fromArray(FLOATS, queries, q + i * WIDTH);
                a = x.fma(FloatVector.broadcast(FLOATS, keys[at]), a);
                b = x.fma(FloatVector.broadcast(FLOATS, keys[at + width]), b);
                c = x.fma(FloatVector.broadcast(FLOATS, keys[at + 2 * width]), c);
                d = x.fma(FloatVector.broadcast(FLOATS, keys[at + 3 * width]), d);
                e = x.fma(FloatVector.broadcast(FLOATS, keys[at + 4 * width]), e);
                f = x.fma(FloatVector.broadcast(FLOATS, keys[at + 5 * width]), f);
                g = x.fma(FloatVector.broadcast(FLOATS, keys[at + 6 * width]), g);
                h = x.fma(FloatVector.broadcast(FLOATS, keys[at + 7 * width]), h);
            }
            int to = t + key * WIDTH;
            exact(a).intoArray(target, to);
            exact(b).intoArray(target, to + WIDTH);
            exact(c).intoArray(target, to + 2 * WIDTH);
            exact(d).intoArray(target, to + 3 * WIDTH);
            exact(e).intoArray(target, to + 4 * WIDTH);
            exact(f).intoArray(target, to + 5 * WIDTH);
            exact(g).intoArray(target, to + 6 * WIDTH);
            exact(h).intoArray(target, to + 7 * WIDTH);
        }
    }
}
