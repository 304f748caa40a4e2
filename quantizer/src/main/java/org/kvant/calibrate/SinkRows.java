package org.kvant.calibrate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The vectors of position 0 themselves: one a chunk, and where every chunk begins with the same token all of them are equal, so that each is
 * kept once with its number. Their second moment is the sum of number times outer product.
 */
final class SinkRows {
    /** One vector. {@code weight} is what its outer product counts, usually how often it was seen. */
    record Row(int matrix, double weight, float[] values) {}

    private final Map<Integer, List<Row>> byHash = new LinkedHashMap<>();

    void add(int matrix, double weight, float[] values) {
        List<Row> same = byHash.computeIfAbsent(31 * matrix + Arrays.hashCode(values), h -> new ArrayList<>());
        for (int i = 0; i < same.size(); i++) {
            Row row = same.get(i);
            if (row.matrix() == matrix && Arrays.equals(row.values(), values)) {
                same.set(i, new Row(matrix, row.weight() + weight, row.values()));
                return;
            }
        }
        same.add(new Row(matrix, weight, values));
    }

    /** In the order in which they were first seen, but for vectors that share a hash. */
    List<Row> rows() {
        return byHash.values().stream().flatMap(List::stream).toList();
    }
}
