package org.kvant.network;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;

/**
 * A model's numbers, read as {@code llama_model_base::load_hparams} does.
 *
 * @param heads query heads of each layer
 * @param kvHeads key-value heads of each layer
 * @param headSize of keys, queries and values
 * @param rotated leading elements of a head that are rotated
 * @param ropeBase base of the rotation outside sliding windows, {@code ropeScale} what positions are multiplied with there,
 *     {@code ropeMagnitude} what cosines and sines are
 * @param window positions that a sliding layer sees, 0 without
 * @param sliding for each layer whether it has the window
 * @param attentionScale what products of queries and keys are multiplied with
 * @param logitCap 0 for none
 */
record HyperParameters(
        Architecture architecture,
        int layers,
        int width,
        int[] heads,
        int[] kvHeads,
        int headSize,
        int rotated,
        float epsilon,
        float ropeBase,
        float slidingRopeBase,
        float ropeScale,
        float ropeMagnitude,
        int window,
        boolean[] sliding,
        float attentionScale,
        float embeddingScale,
        float logitCap,
        int experts,
        int expertsUsed) {

    private static final int GEMMA3_27B_LAYERS = 62;
    private static final int GEMMA3_PATTERN = 6;
    private static final float DEFAULT_BASE = 10000f;

    /** @throws NetworkException for what is not supported or contradicts itself */
    static HyperParameters of(Metadata metadata) {
        try {
            return read(metadata);
        } catch (GgufException e) {
            throw new NetworkException("the model's metadata: " + e.getMessage(), e);
        }
    }

    private static HyperParameters read(Metadata metadata) throws GgufException {
        Architecture architecture = Architecture.of(metadata.string("general.architecture"));
        String arch = architecture.label() + ".";
        int layers = positive(metadata, arch + "block_count");
        int width = positive(metadata, arch + "embedding_length");
        int[] heads = perLayer(metadata, arch + "attention.head_count", layers, null);
        int[] kvHeads = perLayer(metadata, arch + "attention.head_count_kv", layers, heads);
        for (int i = 0; i < layers; i++) {
            if (heads[i] < 1 || kvHeads[i] < 1 || heads[i] % kvHeads[i] != 0) {
                throw new NetworkException("layer " + i + " has " + heads[i] + " heads and " + kvHeads[i]
                        + " key-value heads; the first must be a multiple of the second");
            }
        }
        int headSize = optional(metadata, arch + "attention.key_length", width / heads[0]);
        refuseUnless(metadata, arch + "attention.value_length", headSize, width / heads[0]);
        refuseUnless(metadata, arch + "attention.key_length_swa", headSize, headSize);
        refuseUnless(metadata, arch + "attention.value_length_swa", headSize, headSize);
        int rotated = optional(metadata, arch + "rope.dimension_count", headSize);
        refuseUnless(metadata, arch + "rope.dimension_count_swa", rotated, rotated);
        if (rotated % 2 != 0 || rotated > headSize || headSize < 1) {
            throw new NetworkException(arch + "rope.dimension_count is " + rotated + " for heads of " + headSize);
        }
        String scaling = metadata.string(arch + "rope.scaling.type", "linear");
        if (!scaling.equals("linear") && !scaling.equals("none")) {
            throw new NetworkException(
                    arch + "rope.scaling.type is '" + scaling + "'; supported are linear, none and rope_freqs.weight");
        }
        double factor = metadata.number(arch + "rope.scaling.factor", metadata.number(arch + "rope.scale_linear", 0));
        float ropeScale = factor == 0 || scaling.equals("none") ? 1f : 1f / (float) factor;
        float base = (float) metadata.number(arch + "rope.freq_base", DEFAULT_BASE);
        boolean gemma = architecture.gemma();
        int window = gemma ? optional(metadata, arch + "attention.sliding_window", 0) : 0;
        boolean[] sliding = sliding(metadata, arch, layers, window);
        int divisor = gemma && layers == GEMMA3_27B_LAYERS ? width / heads[0] : headSize;
        int experts = optional(metadata, arch + "expert_count", 0);
        int used = optional(metadata, arch + "expert_used_count", 0);
        checkExperts(metadata, architecture, experts, used);
        return new HyperParameters(
                architecture,
                layers,
                width,
                heads,
                kvHeads,
                headSize,
                rotated,
                (float) metadata.number(arch + "attention.layer_norm_rms_epsilon"),
                base,
                window > 0 ? (float) metadata.number(arch + "rope.freq_base_swa", DEFAULT_BASE) : base,
                ropeScale,
                (float) metadata.number(arch + "rope.scaling.attn_factor", 1),
                window,
                sliding,
                (float) (1 / Math.sqrt(divisor)),
                gemma ? (float) Math.sqrt(width) : 1f,
                gemma ? (float) metadata.number(arch + "final_logit_softcapping", 0) : 0f,
                experts,
                used);
    }

    private static void checkExperts(Metadata metadata, Architecture architecture, int experts, int used)
            throws GgufException {
        String arch = architecture.label() + ".";
        if (experts == 0 && architecture != Architecture.QWEN3MOE) {
            return;
        }
        if (architecture != Architecture.LLAMA && architecture != Architecture.QWEN3MOE) {
            throw new NetworkException("experts are supported in llama and qwen3moe, not in " + architecture.label());
        }
        if (used < 1 || used > experts) {
            throw new NetworkException(arch + "expert_used_count is " + used + " of " + experts + " experts");
        }
        if (optional(metadata, arch + "expert_group_count", 0) > 1) {
            throw new NetworkException(arch + "expert_group_count is more than 1: groups of experts are not supported");
        }
    }

    private static boolean[] sliding(Metadata metadata, String arch, int layers, int window) throws GgufException {
        boolean[] sliding = new boolean[layers];
        if (window == 0) {
            return sliding;
        }
        String key = arch + "attention.sliding_window_pattern";
        if (metadata.get(key).orElse(null) instanceof MetaArray array) {
            if (array.size() < layers) {
                throw new NetworkException(key + " has " + array.size() + " entries for " + layers + " layers");
            }
            for (int i = 0; i < layers; i++) {
                sliding[i] = switch (array.get(i)) {
                    case MetaValue.Bool flag -> flag.value();
                    default -> array.longs()[i] != 0;
                };
            }
            return sliding;
        }
        int pattern = optional(metadata, key, GEMMA3_PATTERN);
        for (int i = 0; i < layers; i++) {
            sliding[i] = pattern == 0 || i % pattern < pattern - 1;
        }
        return sliding;
    }

    private static int[] perLayer(Metadata metadata, String key, int layers, int @Nullable [] def)
            throws GgufException {
        if (def != null && !metadata.has(key)) {
            return def;
        }
        if (metadata.get(key).orElse(null) instanceof MetaArray) {
            int[] values = metadata.ints(key);
            if (values.length < layers) {
                throw new NetworkException(key + " has " + values.length + " entries for " + layers + " layers");
            }
            return Arrays.copyOf(values, layers);
        }
        int[] values = new int[layers];
        Arrays.fill(values, positive(metadata, key));
        return values;
    }

    private static void refuseUnless(Metadata metadata, String key, int wanted, int def) throws GgufException {
        int actual = optional(metadata, key, def);
        if (actual != wanted) {
            throw new NetworkException(key + " is " + actual + ", the keys' is " + wanted
                    + "; supported are heads of one length for keys, queries and values");
        }
    }

    private static int positive(Metadata metadata, String key) throws GgufException {
        long value = metadata.integer(key);
        if (value < 1 || value > Integer.MAX_VALUE) {
            throw new NetworkException(key + " is " + value);
        }
        return (int) value;
    }

    private static int optional(Metadata metadata, String key, int def) throws GgufException {
        long value = metadata.integer(key, def);
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new NetworkException(key + " is " + value);
        }
        return (int) value;
    }
}
