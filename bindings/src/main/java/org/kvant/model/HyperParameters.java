package org.kvant.model;

import java.util.Arrays;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.MetaArray;
import org.kvant.gguf.Metadata;

/**
 * What a model's metadata says of its attention, read as {@code llama_model_base::load_hparams} reads it, with every value in
 * the range that llama.cpp asserts.
 *
 * @param architecture {@code general.architecture}
 * @param layers layers, at least 1
 * @param cachedLayers how many of them, from the first, have keys and values of their own
 * @param embeddingLength width of the residual stream
 * @param trainContext context length it was trained with
 * @param heads attention heads of each layer; 0 in layers without attention
 * @param kvHeads key-value heads of each layer
 * @param headDimK length of a head's key
 * @param headDimV length of a head's value
 * @param window the sliding window and the layers that have it
 */
public record HyperParameters(
        String architecture,
        int layers,
        int cachedLayers,
        int embeddingLength,
        int trainContext,
        int[] heads,
        int[] kvHeads,
        int headDimK,
        int headDimV,
        SlidingWindow window) {

    /** {@code LLAMA_MAX_LAYERS}. */
    static final int MAX_LAYERS = 512;

    private static final int MAX_WIDTH = 1 << 24;

    /** @throws GgufException naming the key that is missing or out of range */
    public static HyperParameters of(Metadata metadata) throws GgufException {
        String arch = metadata.string("general.architecture");
        int layers = ranged(metadata, arch + ".block_count", 1, MAX_LAYERS);
        int embedding = ranged(metadata, arch + ".embedding_length", 1, MAX_WIDTH);
        int context = ranged(metadata, arch + ".context_length", 1, Integer.MAX_VALUE);
        int[] heads = perLayer(metadata, arch + ".attention.head_count", layers, new int[layers]);
        int[] kvHeads = perLayer(metadata, arch + ".attention.head_count_kv", layers, heads);
        int byHeads = heads[0] == 0 ? 0 : embedding / heads[0];
        int keyLength = lengthOr(metadata, arch + ".attention.key_length", heads[0], byHeads);
        int valueLength = lengthOr(metadata, arch + ".attention.value_length", heads[0], byHeads);
        return new HyperParameters(
                arch,
                layers,
                cachedLayers(metadata, arch, layers),
                embedding,
                context,
                heads,
                kvHeads,
                keyLength,
                valueLength,
                SlidingWindow.of(metadata, arch, layers, keyLength, valueLength));
    }

    /** Layers that predict further tokens, or that share an earlier one's cache, have none. */
    private static int cachedLayers(Metadata metadata, String arch, int layers) throws GgufException {
        if (arch.equals("gemma3n")) {
            return Math.min(layers, 20);
        }
        String key = arch + (arch.equals("gemma4") ? ".attention.shared_kv_layers" : ".nextn_predict_layers");
        return metadata.has(key) ? layers - ranged(metadata, key, 0, layers) : layers;
    }

    private static int lengthOr(Metadata metadata, String key, int heads, int otherwise) throws GgufException {
        return heads == 0 || !metadata.has(key) ? otherwise : ranged(metadata, key, 1, MAX_WIDTH);
    }

    /** An integer within bounds. */
    public static int ranged(Metadata metadata, String key, int min, int max) throws GgufException {
        return inRange(key, metadata.integer(key), min, max);
    }

    private static int inRange(String key, long value, int min, int max) throws GgufException {
        if (value < min || value > max) {
            throw bad(key, "is " + value + "; it must be between " + min + " and " + max);
        }
        return (int) value;
    }

    /** One number for all layers or an array with one for each. */
    public static int[] perLayer(Metadata metadata, String key, int layers, int[] otherwise) throws GgufException {
        if (!metadata.has(key)) {
            return otherwise.clone();
        }
        int[] values = new int[layers];
        if (!(metadata.get(key).orElseThrow() instanceof MetaArray)) {
            Arrays.fill(values, ranged(metadata, key, 0, MAX_WIDTH));
            return values;
        }
        long[] given = metadata.integers(key);
        if (given.length != layers) {
            throw bad(key, "has " + given.length + " values for " + layers + " layers");
        }
        for (int i = 0; i < layers; i++) {
            values[i] = inRange(key, given[i], 0, MAX_WIDTH);
        }
        return values;
    }

    public static GgufException bad(String key, String what) {
        return new GgufException(null, "key '" + key + "'", what, "");
    }

    public int maxHeads() {
        return Arrays.stream(heads).max().orElse(0);
    }

    public int maxKvHeads() {
        return Arrays.stream(kvHeads).max().orElse(0);
    }

    /** Length of a head's key in a layer: layers with a sliding window can have another. */
    public int headDimK(int layer) {
        return window.layers()[layer] ? window.headDimK() : headDimK;
    }

    public int headDimV(int layer) {
        return window.layers()[layer] ? window.headDimV() : headDimV;
    }
}
