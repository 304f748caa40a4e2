package org.kvant.llama;

import java.util.Set;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.Metadata;
import org.kvant.llama.checks.CacheTypes;
import org.kvant.model.HyperParameters;

/**
 * What can be said of a KV cache from a model's metadata alone, before it is loaded.
 *
 * @param bytesK bytes of the keys
 * @param bytesV bytes of the values
 * @param cells tokens that all sequences together can hold
 */
public record KvCache(long bytesK, long bytesV, int cells) {
    /** The types that llama.cpp has for K and V. */
    public static final Set<GgmlType> TYPES = CacheTypes.ALL;

    /** Caches are padded to this many cells. */
    private static final int PADDING = 256;

    public long bytes() {
        return bytesK + bytesV;
    }

    /**
     * Checks that a model can have a cache of these types.
     *
     * @throws IllegalArgumentException saying what does not fit and what would
     */
    public static void check(Metadata metadata, GgmlType typeK, GgmlType typeV, FlashAttention flashAttention) {
        CacheTypes.require(typeK, typeV, flashAttention == FlashAttention.DISABLED);
        CacheTypes.require(parameters(metadata), typeK, typeV);
    }

    /**
     * The size of the cache of a context with these options, as {@code llama_kv_cache} and {@code llama_kv_cache_iswa} compute
     * it. For architectures with other memories (recurrent, hybrid, compressed latents) it is an upper estimate.
     */
    public static KvCache of(Metadata metadata, ContextOptions options) {
        HyperParameters p = parameters(metadata);
        Cells cells = Cells.of(p, options);
        boolean transposedV = options.flashAttention() == FlashAttention.DISABLED;
        int widestV = 0;
        for (int layer = 0; layer < p.layers(); layer++) {
            widestV = Math.max(widestV, p.headDimV(layer) * p.kvHeads()[layer]);
        }
        long k = 0;
        long v = 0;
        for (int layer = 0; layer < p.cachedLayers(); layer++) {
            long rows = p.window().layers()[layer] ? cells.windowed() : cells.full();
            long widthV = transposedV ? widestV : (long) p.headDimV(layer) * p.kvHeads()[layer];
            k += rows * options.cacheTypeK().bytes((long) p.headDimK(layer) * p.kvHeads()[layer]);
            v += rows * options.cacheTypeV().bytes(widthV);
        }
        return new KvCache(k, v, (int) cells.full());
    }

    private static HyperParameters parameters(Metadata metadata) {
        try {
            return HyperParameters.of(metadata);
        } catch (GgufException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Cells of all streams together: one stream if unified, else one a sequence. */
    private record Cells(long full, long windowed) {
        static Cells of(HyperParameters p, ContextOptions o) {
            int streams = o.kvUnified() ? 1 : o.maxSequences();
            long context = pad(o.contextSize() == 0 ? p.trainContext() : o.contextSize());
            long each = o.kvUnified() ? context : pad(context / o.maxSequences());
            if (!p.window().any()) {
                return new Cells(each * streams, 0);
            }
            // The context limits the batch, and the batch the micro-batch.
            long requested = o.contextSize() == 0 ? p.trainContext() : o.contextSize();
            long ubatch = Math.min(Math.min(requested, o.batchSize()), o.ubatchSize());
            long window = (long) p.window().size() * (o.kvUnified() ? o.maxSequences() : 1) + ubatch;
            long windowed = o.fullSwaCache() ? each : pad(Math.min(each, window));
            return new Cells(each * streams, windowed * streams);
        }

        private static long pad(long cells) {
            return (cells + PADDING - 1) / PADDING * PADDING;
        }
    }
}
