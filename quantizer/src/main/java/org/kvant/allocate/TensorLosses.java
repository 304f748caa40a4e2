package org.kvant.allocate;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.TensorInfo;

/**
 * What each type would cost a tensor.
 *
 * @param losses a type each; nats a token if the curvature is a divergence's
 * @param known false if nothing is known of how the tensor's errors matter, and its losses were inferred from the others'
 */
public record TensorLosses(TensorInfo tensor, Map<GgmlType, Double> losses, boolean known) {
    public TensorLosses {
        losses = Collections.unmodifiableMap(new EnumMap<>(losses));
    }

    /** @throws IllegalArgumentException if the type is none of the candidates */
    public double of(GgmlType type) {
        Double loss = losses.get(type);
        if (loss == null) {
            throw new IllegalArgumentException(tensor.name() + " was not measured as " + type.label());
        }
        return loss;
    }
}
