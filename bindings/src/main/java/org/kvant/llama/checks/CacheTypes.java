package org.kvant.llama.checks;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.MetaValue;
import org.kvant.gguf.Metadata;
import org.kvant.model.HyperParameters;

/** Which types a model's KV cache can have. */
public final class CacheTypes {
    /** The types that llama.cpp has for K and V. */
    public static final Set<GgmlType> ALL = Collections.unmodifiableSet(new LinkedHashSet<>(List.of(
            GgmlType.F32,
            GgmlType.F16,
            GgmlType.BF16,
            GgmlType.Q8_0,
            GgmlType.Q5_1,
            GgmlType.Q5_0,
            GgmlType.Q4_1,
            GgmlType.Q4_0,
            GgmlType.IQ4_NL)));

    private CacheTypes() {}

    /**
     * Checks that there is a cache of these types.
     *
     * @param noFlashAttention whether flash attention is disabled
     * @throws IllegalArgumentException saying what does not fit and what would
     */
    public static void require(GgmlType typeK, GgmlType typeV, boolean noFlashAttention) {
        require("K", typeK);
        require("V", typeV);
        if (typeV.quantized() && noFlashAttention) {
            throw new IllegalArgumentException("a V cache of type " + typeV.ggmlName()
                    + " needs flash attention, which is disabled; enable it or use f16");
        }
    }

    private static void require(String which, GgmlType type) {
        if (!ALL.contains(type)) {
            throw new IllegalArgumentException("a " + which + " cache cannot be " + type.ggmlName() + "; it can be "
                    + ALL.stream().map(GgmlType::ggmlName).collect(Collectors.joining(", ")));
        }
    }

    /**
     * Checks that a model can have a cache of these types, which exist.
     *
     * @throws IllegalArgumentException saying what does not fit and what would
     */
    public static void require(HyperParameters p, GgmlType typeK, GgmlType typeV) {
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
     * Whether positions can be shifted in a K cache of this type ({@code llama_kv_cache::build_rope_shift}). ggml's CPU code has no
     * rotation of bf16. Quantized keys llama.cpp rotates together with a Hadamard matrix that it makes only for heads of a
     * multiple of 64, all of one length and rotated as a whole; without it, it reads through a null pointer.
     */
    public static boolean canShift(Metadata metadata, HyperParameters p, GgmlType typeK) {
        if (!typeK.quantized()) {
            return typeK != GgmlType.BF16;
        }
        Object rotated =
                metadata.get(p.architecture() + ".rope.dimension_count").orElse(null);
        boolean whole = rotated == null || rotated.equals(new MetaValue.U32(p.headDimK()));
        for (int layer = 0; layer < p.layers(); layer++) {
            whole &= p.headDimK(layer) == p.headDimK() && p.headDimK() % 64 == 0;
        }
        return whole && System.getenv("LLAMA_ATTN_ROT_DISABLE") == null;
    }
}
