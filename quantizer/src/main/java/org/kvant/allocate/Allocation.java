package org.kvant.allocate;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.kvant.gguf.GgmlType;

/**
 * A choice of types.
 *
 * @param types by tensor, in the order of the file; those that are not quantized are absent
 * @param losses what each type is predicted to cost its tensor
 * @param fileBytes exact size of the file
 * @param bitsPerWeight of all weights
 * @param divergence whether losses are nats of KL divergence a token
 * @param speed predicted, as a fraction of the fastest choice's; NaN if speeds were not measured
 */
public record Allocation(
        Map<String, GgmlType> types,
        Map<String, Double> losses,
        long fileBytes,
        double bitsPerWeight,
        boolean divergence,
        double speed) {
    public Allocation {
        types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
        losses = Collections.unmodifiableMap(new LinkedHashMap<>(losses));
    }

    /** The sum of all losses. */
    public double loss() {
        return losses.values().stream().mapToDouble(x -> x).sum();
    }
}
