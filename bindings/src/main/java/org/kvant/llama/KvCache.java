package org.kvant.llama;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;

/**
 * What can be said of a KV cache from a model's metadata alone, before it is loaded.
 *
 * @param bytesK bytes of the keys
 * @param bytesV bytes of the values
 * @param cells tokens that all sequences together can hold
 */
public record KvCache(long bytesK, long bytesV, int cells) {
    /** The types that llama.cpp has for K and V. */
    public static final Set<GgmlType> TYPES = Collections.unmodifiableSet(new LinkedHashSet<>(List.of(
            GgmlType.F32,
            GgmlType.F16,
            GgmlType.BF16,
            GgmlType.Q8_0,
            GgmlType.Q5_1,
            GgmlType.Q5_0,
            GgmlType.Q4_1,
            GgmlType.Q4_0,
            GgmlType.IQ4_NL)));

    /** Caches are padded to this many cells. */
    private static final int PADDING = 256;

    public long bytes() {
        return bytesK + bytesV;
    }

    static void requireType(String which, GgmlType type) {
        if (!TYPES.contains(type)) {
            throw new IllegalArgumentException("a " + which + " cache cannot be " + type.ggmlName() + "; it can be "
                    + TYPES.stream().map(GgmlType::ggmlName).collect(Collectors.joining(", ")));
        }
    }

    /**
     * Checks that a model can have a cache of these types.
     *
     * @throws IllegalArgumentException saying what does not fit and what would
     */
    public static void check(Metadata metadata, GgmlType typeK, GgmlType typeV, FlashAttention flashAttention) {
        requireType("K", typeK);
        requireType("V", typeV);
        if (typeV.quantized() && flashAttention == FlashAttention.DISABLED) {
            throw new IllegalArgumentException("a V cache of type " + typeV.ggmlName()
                    + " needs flash attention, which is disabled; enable it or use f16");
        }
        HyperParameters p = parameters(metadata);
        if (typeV.quantized() && p.architecture().equals("grok")) {
            throw new IllegalArgumentException("a V cache of type " + typeV.ggmlName()
                    + " needs flash attention, which grok models do not work with; use f16");
        }
        for (int layer = 0; layer < p.layers(); layer++) {
            checkBlocks("K", typeK, p.headDimK(layer), layer, p.kvHeads()[layer]);
            checkBlocks("V", typeV, p.headDimV(layer), layer, p.kvHeads()[layer]);
        }
    }

    private static void checkBlocks(String which, GgmlType type, int headDim, int layer, int heads) {
        if (heads > 0 && headDim % type.blockSize() != 0) {
            throw new IllegalArgumentException("a " + which + " cache of type " + type.ggmlName() + " has blocks of "
                    + type.blockSize() + " values, which do not divide the model's " + headDim
                    + " values a head (layer "
                    + layer + "); use f16, bf16 or f32");
        }
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

    /**
     * Whether positions can be shifted in a K cache of this type ({@code llama_kv_cache::build_rope_shift}). ggml's CPU code has no
     * rotation of bf16. Quantized keys llama.cpp rotates together with a Hadamard matrix that it makes only for heads of a
     * multiple of 64, all of one length and rotated as a whole; without it, it reads through a null pointer.
     */
    static boolean canShift(Metadata metadata, GgmlType typeK) {
        if (!typeK.quantized()) {
            return typeK != GgmlType.BF16;
        }
        HyperParameters p = parameters(metadata);
        Object rotated =
                metadata.get(p.architecture() + ".rope.dimension_count").orElse(null);
        boolean whole = rotated == null || rotated.equals(new MetaValue.U32(p.headDimK()));
        for (int layer = 0; layer < p.layers(); layer++) {
            whole &= p.headDimK(layer) == p.headDimK() && p.headDimK() % 64 == 0;
        }
        return whole && System.getenv("LLAMA_ATTN_ROT_DISABLE") == null;
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
