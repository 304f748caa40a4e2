package org.kvant.allocate;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.TensorInfo;

/**
 * How long this machine takes to multiply a weight of each type with a vector, all threads together.
 *
 * @param nanosPerWeight a type each
 * @param shares which part of a tensor a token reads, where that is not all
 */
record KernelSpeeds(Map<GgmlType, Double> nanosPerWeight, Map<String, Double> shares) {
    KernelSpeeds {
        nanosPerWeight = Collections.unmodifiableMap(new EnumMap<>(nanosPerWeight));
        shares = Map.copyOf(shares);
    }

    /** Time that a token spends on a tensor. */
    double nanos(TensorInfo tensor, GgmlType type) {
        Double each = nanosPerWeight.get(type);
        if (each == null) {
            throw new IllegalArgumentException("the speed of " + type.label() + " was not measured");
        }
        return each * tensor.elements() * shares.getOrDefault(tensor.name(), 1.0);
    }
}
