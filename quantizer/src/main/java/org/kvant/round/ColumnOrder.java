package org.kvant.round;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** In which order feedback goes over the columns. Columns that share a scale always stay together. */
public enum ColumnOrder {
    /** As stored. */
    NATURAL,
    /** Blocks, the groups in a block and the columns in a group, each by falling diagonal of H (act-order). */
    DIAGONAL;

    /**
     * Which stored column stands at each place.
     *
     * @param unit neighbouring columns that stay in place
     * @param group columns that share a scale, a multiple of {@code unit}
     * @param block columns that share a block of bytes, a multiple of {@code group}
     */
    int[] columns(float[] diagonal, int unit, int group, int block) {
        int[] order = IntStream.range(0, diagonal.length).toArray();
        if (this == NATURAL) {
            return order;
        }
        int[] result = new int[order.length];
        int to = 0;
        for (int b : falling(sums(diagonal, 0, diagonal.length, block))) {
            for (int g : falling(sums(diagonal, b * block, block, group))) {
                int from = b * block + g * group;
                for (int u : falling(sums(diagonal, from, group, unit))) {
                    for (int c = 0; c < unit; c++) {
                        result[to++] = from + u * unit + c;
                    }
                }
            }
        }
        return result;
    }

    private static double[] sums(float[] values, int from, int count, int width) {
        double[] sums = new double[count / width];
        for (int i = 0; i < count; i++) {
            sums[i / width] += values[from + i];
        }
        return sums;
    }

    private static int[] falling(double[] keys) {
        Integer[] places = new Integer[keys.length];
        Arrays.setAll(places, i -> i);
        Arrays.sort(places, Comparator.comparingDouble((Integer i) -> -keys[i]));
        return Arrays.stream(places).mapToInt(i -> i).toArray();
    }
}
