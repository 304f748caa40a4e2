package org.kvant.network;

import java.util.Arrays;
import java.util.Map;

/** Where weights come from. Implementations may be used by any number of threads at once. */
@FunctionalInterface
public interface WeightSource {

    /**
     * All values of a tensor, row after row, matrix after matrix. The caller must not change the array.
     *
     * @throws NetworkException if there is no such tensor or it cannot be decoded
     */
    float[] values(String tensor);

    /** Some rows of a tensor, rows being as long as its first dimension says; the array is the caller's. */
    default float[] rows(String tensor, int columns, int first, int count) {
        return Arrays.copyOfRange(values(tensor), first * columns, (first + count) * columns);
    }

    /** This source with some tensors replaced, for instance by what their quantized forms decode to. */
    default WeightSource with(Map<String, float[]> replaced) {
        WeightSource base = this;
        return new WeightSource() {
            @Override
            public float[] values(String tensor) {
                float[] values = replaced.get(tensor);
                return values != null ? values : base.values(tensor);
            }

            @Override
            public float[] rows(String tensor, int columns, int first, int count) {
                return replaced.containsKey(tensor)
                        ? WeightSource.super.rows(tensor, columns, first, count)
                        : base.rows(tensor, columns, first, count);
            }
        };
    }
}
