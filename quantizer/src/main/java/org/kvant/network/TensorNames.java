package org.kvant.network;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.TensorInfo;

/** Finds the tensors of layers, checks their shapes and remembers which were asked for. */
final class TensorNames {
    static final String EMBEDDING = "token_embd.weight";
    static final String OUTPUT_NORM = "output_norm.weight";
    static final String OUTPUT = "output.weight";
    static final String OUTPUT_BIAS = "output.bias";
    static final String ROPE_FACTORS = "rope_freqs.weight";

    private final Map<String, TensorInfo> tensors;
    private final HyperParameters parameters;
    private final Set<String> known = new HashSet<>();

    TensorNames(Map<String, TensorInfo> tensors, HyperParameters parameters) {
        this.tensors = tensors;
        this.parameters = parameters;
    }

    Map<String, TensorInfo> tensors() {
        return tensors;
    }

    /** The bias that belongs to a matrix. */
    static String bias(String weight) {
        return weight.substring(0, weight.length() - "weight".length()) + "bias";
    }

    /** The factor that belongs to a matrix. */
    static String scale(String weight) {
        return weight.substring(0, weight.length() - "weight".length()) + "scale";
    }

    LayerPlan layer(int index) {
        Architecture architecture = parameters.architecture();
        String block = "blk." + index + ".";
        if (tensors.containsKey(block + "attn_qkv.weight")) {
            throw new NetworkException(
                    "tensor '" + block
                            + "attn_qkv.weight' joins queries, keys and values; supported are separate tensors, as Kvant writes them");
        }
        int width = parameters.width();
        int heads = parameters.heads()[index];
        int kvHeads = parameters.kvHeads()[index];
        int queries = heads * parameters.headSize();
        int keys = kvHeads * parameters.headSize();
        String attentionNorm = vector(block + "attn_norm.weight", width);
        String input = block + "attn_norm";
        Linear query = linear(block + "attn_q.weight", input, Linear.Role.QUERY, index, queries, width, true);
        Linear key = linear(block + "attn_k.weight", input, Linear.Role.KEY, index, keys, width, true);
        Linear value = linear(block + "attn_v.weight", input, Linear.Role.VALUE, index, keys, width, true);
        Linear output = linear(
                block + "attn_output.weight",
                block + "attn_heads",
                Linear.Role.ATTENTION_OUTPUT,
                index,
                width,
                queries,
                architecture.allBiases());
        boolean headNorms = architecture.headNorms();
        boolean gemma = architecture.gemma();
        @Nullable String queryNorm = headNorms ? vector(block + "attn_q_norm.weight", parameters.headSize()) : null;
        @Nullable String keyNorm = headNorms ? vector(block + "attn_k_norm.weight", parameters.headSize()) : null;
        @Nullable String postAttention = gemma ? vector(block + "post_attention_norm.weight", width) : null;
        @Nullable String postFeedForward = gemma ? vector(block + "post_ffw_norm.weight", width) : null;
        String feedForwardNorm = vector(block + "ffn_norm.weight", width);
        boolean mixture = parameters.experts() > 0;
        String suffix = mixture ? "_exps.weight" : ".weight";
        String inner = block + "ffn_norm";
        @Nullable
        Linear router = mixture
                ? linear(
                        block + "ffn_gate_inp.weight",
                        inner,
                        Linear.Role.ROUTER,
                        index,
                        parameters.experts(),
                        width,
                        false)
                : null;
        int hidden = hidden(block + "ffn_up" + suffix);
        boolean biases = architecture.allBiases() && !mixture;
        Linear gate = linear(block + "ffn_gate" + suffix, inner, Linear.Role.GATE, index, hidden, width, biases);
        Linear up = linear(block + "ffn_up" + suffix, inner, Linear.Role.UP, index, hidden, width, biases);
        Linear down = linear(
                block + "ffn_down" + suffix, block + "ffn_hidden", Linear.Role.DOWN, index, width, hidden, biases);
        @Nullable
        String factors = architecture == Architecture.LLAMA && tensors.containsKey(ROPE_FACTORS)
                ? vector(ROPE_FACTORS, parameters.rotated() / 2)
                : null;
        return new LayerPlan(
                index,
                heads,
                kvHeads,
                parameters.sliding()[index],
                attentionNorm,
                query,
                key,
                value,
                output,
                queryNorm,
                keyNorm,
                postAttention,
                feedForwardNorm,
                postFeedForward,
                router,
                gate,
                up,
                down,
                factors);
    }

    Linear head() {
        vector(OUTPUT_NORM, parameters.width());
        TensorInfo embedding = require(EMBEDDING);
        int vocabulary = Math.toIntExact(embedding.rows());
        checkShape(embedding, parameters.width(), vocabulary);
        String name = tensors.containsKey(OUTPUT) ? OUTPUT : EMBEDDING;
        checkShape(require(name), parameters.width(), vocabulary);
        known.add(scale(OUTPUT));
        return new Linear(name, "output_norm", Linear.Role.HEAD, -1, vocabulary, parameters.width(), 1);
    }

    @Nullable
    String headBias(int vocabulary) {
        return parameters.architecture() == Architecture.QWEN2 && tensors.containsKey(OUTPUT_BIAS)
                ? vector(OUTPUT_BIAS, vocabulary)
                : null;
    }

    /** @throws NetworkException if the model has a tensor that nothing here reads: what it computes would be something else */
    void checkNoneLeft() {
        for (String name : tensors.keySet()) {
            if (!known.contains(name)) {
                throw new NetworkException("tensor '" + name + "' is not part of a model of architecture "
                        + parameters.architecture().label() + " as it is supported here");
            }
        }
    }

    private int hidden(String up) {
        long[] shape = require(up).shape();
        return shape.length < 2 ? 1 : Math.toIntExact(shape[1]);
    }

    private Linear linear(
            String name, String input, Linear.Role role, int layer, int rows, int columns, boolean biasAllowed) {
        int experts = name.endsWith("_exps.weight") ? parameters.experts() : 1;
        if (experts > 1 || name.endsWith("_exps.weight")) {
            checkShape(require(name), columns, rows, experts);
        } else {
            checkShape(require(name), columns, rows);
        }
        if (biasAllowed && tensors.containsKey(bias(name))) {
            vector(bias(name), rows);
        }
        if (tensors.containsKey(scale(name))) {
            vector(scale(name), experts);
        }
        return new Linear(name, input, role, layer, rows, columns, experts);
    }

    private String vector(String name, int length) {
        checkShape(require(name), length);
        return name;
    }

    private TensorInfo require(String name) {
        TensorInfo tensor = tensors.get(name);
        if (tensor == null) {
            throw new NetworkException("tensor '" + name + "' is missing");
        }
        known.add(name);
        return tensor;
    }

    /** Trailing ones make no difference. */
    private static void checkShape(TensorInfo tensor, long... wanted) {
        long[] actual = tensor.shape();
        for (int i = 0; i < Math.max(actual.length, wanted.length); i++) {
            long a = i < actual.length ? actual[i] : 1;
            long w = i < wanted.length ? wanted[i] : 1;
            if (a != w) {
                throw new NetworkException("tensor " + tensor + " should have shape " + Arrays.toString(wanted));
            }
        }
    }
}
