package org.kvant.quantize;

import java.util.Optional;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;

/**
 * The few hyper-parameters that decide a tensor's type (llama-quant.cpp reads them from the loaded model).
 *
 * @param architecture {@code general.architecture}
 * @param layers all blocks, next-token-prediction ones included
 * @param experts experts a layer, 0 in a dense model
 * @param queriesPerKv query heads that share one key/value head in the first layer (integer division); 0 without
 *     attention
 * @param big70b whether llama.cpp calls the model's size "70B"
 */
record ModelTraits(String architecture, int layers, int experts, int queriesPerKv, boolean big70b) {

    static ModelTraits of(Metadata metadata) throws GgufException {
        String arch = metadata.string("general.architecture");
        int layers = (int) metadata.integer(arch + ".block_count", 0);
        int experts = (int) metadata.integer(arch + ".expert_count", 0);
        long heads = first(metadata, arch + ".attention.head_count", 0);
        long kvHeads = first(metadata, arch + ".attention.head_count_kv", heads);
        int nextTokenLayers = (int) metadata.integer(arch + ".nextn_predict_layers", 0);
        int ownLayers = layers - nextTokenLayers;
        boolean big70b = switch (arch) {
            case "llama", "llama-embed" -> experts != 8 && ownLayers == 80 && heads != kvHeads;
            case "qwen2", "deci", "olmo" -> ownLayers == 80;
            case "jais2" -> ownLayers == 68;
            default -> false;
        };
        if (arch.equals("nanbeige")) { // runs its layers several times and counts each pass
            layers *= (int) Math.max(1, metadata.integer(arch + ".num_loops", 1));
        } else if (arch.equals("graniteswitch")) { // has one more block, a router
            layers = ownLayers + 1;
        }
        return new ModelTraits(arch, layers, experts, kvHeads == 0 ? 0 : (int) (heads / kvHeads), big70b);
    }

    boolean falcon() {
        return architecture.equals("falcon");
    }

    /** A number, or the first of an array with one a layer. */
    private static long first(Metadata metadata, String key, long def) throws GgufException {
        Optional<MetaValue> value = metadata.get(key);
        if (value.isPresent() && value.get() instanceof MetaArray) {
            long[] all = metadata.integers(key);
            return all.length == 0 ? def : all[0];
        }
        return metadata.integer(key, def);
    }
}
