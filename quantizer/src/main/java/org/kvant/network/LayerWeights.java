package org.kvant.network;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A layer's weights in memory. Immutable. */
final class LayerWeights {
    private final Map<String, float[]> values = new HashMap<>();

    private LayerWeights() {}

    static LayerWeights load(Network network, LayerPlan plan, WeightSource source) {
        LayerWeights weights = new LayerWeights();
        weights.vector(plan.attentionNorm(), network.width(), source);
        weights.vector(plan.feedForwardNorm(), network.width(), source);
        int headSize = network.parameters().headSize();
        weights.optional(plan.queryNorm(), headSize, source);
        weights.optional(plan.keyNorm(), headSize, source);
        weights.optional(plan.postAttentionNorm(), network.width(), source);
        weights.optional(plan.postFeedForwardNorm(), network.width(), source);
        for (Linear linear : plan.linears()) {
            weights.linear(network, linear, source);
        }
        return weights;
    }

    /** A matrix as the graph uses it: multiplied with its {@code .scale}, if the graph does that. */
    static float[] matrix(Network network, Linear linear, String scaleName, WeightSource source) {
        float[] matrix = checked(linear.tensor(), (long) linear.rows() * linear.columns() * linear.experts(), source);
        if (!network.has(scaleName)) {
            return matrix;
        }
        float[] scale = checked(scaleName, linear.experts(), source);
        float[] scaled = matrix.clone();
        int each = linear.rows() * linear.columns();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= scale[i / each];
        }
        return scaled;
    }

    static float[] checked(String name, long length, WeightSource source) {
        float[] values = source.values(name);
        if (values.length != length) {
            throw new NetworkException("tensor '" + name + "' came with " + values.length + " values, not " + length);
        }
        return values;
    }

    private void linear(Network network, Linear linear, WeightSource source) {
        boolean scaled = switch (linear.role()) {
            case GATE, UP, DOWN -> network.parameters().architecture().feedForwardScales();
            case ROUTER -> false;
            default -> true;
        };
        String scale = scaled ? TensorNames.scale(linear.tensor()) : "";
        values.put(linear.tensor(), matrix(network, linear, scale, source));
        String bias = TensorNames.bias(linear.tensor());
        if (network.has(bias)) {
            vector(bias, linear.rows(), source);
        }
    }

    private void optional(@Nullable String name, int length, WeightSource source) {
        if (name != null) {
            vector(name, length, source);
        }
    }

    private void vector(String name, int length, WeightSource source) {
        values.put(name, checked(name, length, source));
    }

    float[] get(String name) {
        float[] found = values.get(name);
        if (found == null) {
            throw new IllegalStateException(name);
        }
        return found;
    }

    float @Nullable [] bias(Linear linear) {
        return values.get(TensorNames.bias(linear.tensor()));
    }
}
