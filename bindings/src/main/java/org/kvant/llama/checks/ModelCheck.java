package org.kvant.llama.checks;

import java.util.Set;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.model.HyperParameters;

/**
 * What a valid GGUF file can still have in it that makes llama.cpp end the process instead of refusing the file. Everything
 * else (missing tensors, wrong shapes, unknown architectures and so on) llama.cpp refuses by itself.
 */
public final class ModelCheck {
    /** {@code LLAMA_MAX_EXPERTS}. */
    private static final int MAX_EXPERTS = 512;

    /** {@code LLAMA_ROPE_SCALING_TYPES}. */
    private static final Set<String> ROPE_SCALINGS = Set.of("none", "linear", "yarn", "longrope");

    private final Metadata metadata;
    private final HyperParameters parameters;

    private ModelCheck(Metadata metadata, HyperParameters parameters) {
        this.metadata = metadata;
        this.parameters = parameters;
    }

    /**
     * Checks a file's metadata and the types of its tensors.
     *
     * @return what the metadata says of the model's attention
     * @throws GgufException naming the key or tensor that is wrong
     */
    public static HyperParameters check(GgufFile file) throws GgufException {
        file.requireMappable();
        HyperParameters parameters = HyperParameters.of(file.metadata());
        new ModelCheck(file.metadata(), parameters).check();
        VocabularyCheck.check(file.metadata());
        TensorCheck.check(file.tensors(), parameters);
        return parameters;
    }

    private void check() throws GgufException {
        checkHeads();
        checkExperts();
        checkNumbers();
        int predicted = optional("nextn_predict_layers");
        if (predicted >= parameters.layers()) {
            throw bad("nextn_predict_layers", "is " + predicted + " of " + parameters.layers() + " layers");
        }
        if (!metadata.bool(key("attention.causal"), true)) {
            throw bad("attention.causal", "is false: the model does not generate text from left to right");
        }
        String scaling = metadata.string(key("rope.scaling.type"), "linear");
        if (!ROPE_SCALINGS.contains(scaling)) {
            throw bad("rope.scaling.type", "is '" + scaling + "', not one of " + String.join(", ", ROPE_SCALINGS));
        }
    }

    private void checkHeads() throws GgufException {
        boolean everyLayerAttends = Architectures.everyLayerAttends(parameters.architecture());
        for (int layer = 0; layer < parameters.layers(); layer++) {
            int heads = parameters.heads()[layer];
            int kvHeads = parameters.kvHeads()[layer];
            if (everyLayerAttends && (heads == 0 || kvHeads == 0)) {
                throw bad("attention.head_count", "is 0 in layer " + layer);
            }
            if (kvHeads > 0 && (kvHeads > heads || heads % kvHeads != 0)) {
                throw bad(
                        "attention.head_count_kv",
                        "is " + kvHeads + " in layer " + layer + ", which does not divide its " + heads + " heads");
            }
        }
        if (Architectures.keysAsLongAsValues(parameters.architecture())
                && parameters.headDimK() != parameters.headDimV()) {
            throw bad(
                    "attention.key_length",
                    "is " + parameters.headDimK() + ", but the values are " + parameters.headDimV() + " long");
        }
        if (everyLayerAttends) {
            int whole = parameters.headDimK();
            int rotated = checkRotation("rope.dimension_count", whole, whole);
            if (rotated != whole && Architectures.rotatesWholeHeads(parameters.architecture())) {
                throw bad("rope.dimension_count", "is " + rotated + ", but heads are " + whole + " long");
            }
            var unused = checkRotation(
                    "rope.dimension_count_swa", parameters.window().headDimK(), rotated);
        }
    }

    /** An odd or too long rotation is asserted; one over no dimensions at all never ends. */
    private int checkRotation(String name, int head, int otherwise) throws GgufException {
        int rotated = metadata.has(key(name)) ? optional(name) : otherwise;
        if (rotated < 2 || rotated > head || rotated % 2 != 0) {
            throw bad(name, "is " + rotated + "; it must be even, from 2 to the head's " + head);
        }
        return rotated;
    }

    private void checkExperts() throws GgufException {
        int experts = optional("expert_count");
        int[] none = new int[parameters.layers()];
        int used = 0;
        for (int count : HyperParameters.perLayer(metadata, key("expert_used_count"), parameters.layers(), none)) {
            used = Math.max(used, count);
        }
        int groups = optional("expert_group_count");
        int groupsUsed = optional("expert_group_used_count");
        if (experts > MAX_EXPERTS) {
            throw bad("expert_count", "is " + experts + ", more than " + MAX_EXPERTS);
        }
        if (used > experts || (experts > 0 && used == 0)) {
            throw bad("expert_used_count", "is " + used + " of " + experts + " experts");
        }
        boolean grouped = groups > 1 && experts > 0;
        if (groups > 0 && groups >= experts
                || grouped && (experts % groups != 0 || groupsUsed == 0 || groupsUsed >= groups)) {
            throw bad("expert_group_count", "is " + groups + " (" + groupsUsed + " used) for " + experts + " experts");
        }
    }

    private void checkNumbers() throws GgufException {
        for (String name : new String[] {
            "attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon", "attention.group_norm_epsilon"
        }) {
            double epsilon = metadata.number(key(name), 0);
            if (!(epsilon >= 0) || Double.isInfinite(epsilon)) {
                throw bad(name, "is " + epsilon + "; it must not be negative");
            }
        }
    }

    private int optional(String name) throws GgufException {
        return metadata.has(key(name)) ? HyperParameters.ranged(metadata, key(name), 0, 1 << 24) : 0;
    }

    private String key(String name) {
        return parameters.architecture() + "." + name;
    }

    private GgufException bad(String name, String what) {
        return HyperParameters.bad(key(name), what);
    }
}
