package org.kvant.llama;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.checks.CacheTypes;
import org.kvant.llama.eval.EvalCallback;
import org.kvant.llama.library.Check;
import org.kvant.llama.library.Limits;

/**
 * How a context is made.
 *
 * @param contextSize cells of the KV cache for all sequences together; llama.cpp rounds it up to a multiple of 256 and,
 *     unless the cache is unified, divides it between the sequences; 0 for the length the model was trained with
 * @param batchSize the most tokens of one {@link Batch}
 * @param ubatchSize the most tokens computed at a time; a batch is split into parts of this size
 * @param maxSequences sequence ids are 0 to this minus 1
 * @param maxOutputs the most tokens of one batch with logits; fewer need less memory; 0 for {@code batchSize}
 * @param threads threads for decoding single tokens
 * @param threadsBatch threads for decoding several tokens
 * @param cacheTypeK type of the K cache, one of {@link KvCache#TYPES}
 * @param cacheTypeV type of the V cache; a quantized one needs flash attention
 * @param kvUnified whether all sequences share one buffer of cells, or have one of {@code contextSize/maxSequences} each
 * @param flashAttention when to use it
 * @param offloadKqv whether the KV cache is on the GPU if the layers are
 * @param fullSwaCache whether layers with a sliding window cache the whole context: more memory, but a sequence can then
 *     be cut back to any position
 * @param evalCallback sees the intermediate results of every decode; null for none
 * @param attention computes attention over the quantized cache of a model that is on the CPU as a whole, when it is on; null for ggml's. Not together with an
 *     {@code evalCallback}
 */
public record ContextOptions(
        int contextSize,
        int batchSize,
        int ubatchSize,
        int maxSequences,
        int maxOutputs,
        int threads,
        int threadsBatch,
        GgmlType cacheTypeK,
        GgmlType cacheTypeV,
        boolean kvUnified,
        FlashAttention flashAttention,
        boolean offloadKqv,
        boolean fullSwaCache,
        @Nullable EvalCallback evalCallback,
        @Nullable OwnAttention attention) {

    /** {@code LLAMA_MAX_SEQ} of the pinned version. */
    public static final int MAX_SEQUENCES = Limits.SEQUENCES;

    /** {@code GGML_MAX_N_THREADS}. */
    public static final int MAX_THREADS = Limits.THREADS;

    /** Larger contexts overflow llama.cpp's 32-bit arithmetic or no machine's memory holds them. */
    static final int MAX_CONTEXT = Limits.CONTEXT;

    public ContextOptions {
        Check.range("contextSize", contextSize, 0, MAX_CONTEXT);
        Check.range("maxSequences", maxSequences, 1, MAX_SEQUENCES);
        Check.range("batchSize", batchSize, 1, MAX_CONTEXT);
        Check.range("ubatchSize", ubatchSize, 1, MAX_CONTEXT);
        Check.range("threads", threads, 1, MAX_THREADS);
        Check.range("threadsBatch", threadsBatch, 1, MAX_THREADS);
        // llama.cpp asserts that every sequence can have an output, and plans its buffers for a token of each.
        if (batchSize < maxSequences || ubatchSize < maxSequences) {
            throw new IllegalArgumentException("batchSize (" + batchSize + ") and ubatchSize (" + ubatchSize
                    + ") must be at least maxSequences (" + maxSequences + ")");
        }
        if (contextSize != 0 && contextSize < maxSequences) {
            throw new IllegalArgumentException(
                    "contextSize (" + contextSize + ") must be at least maxSequences (" + maxSequences + ")");
        }
        if (maxOutputs != 0) {
            Check.range("maxOutputs", maxOutputs, maxSequences, batchSize);
        }
        Objects.requireNonNull(flashAttention, "flashAttention");
        CacheTypes.require(cacheTypeK, cacheTypeV, flashAttention == FlashAttention.DISABLED);
        if (evalCallback != null && attention != null) {
            throw new IllegalArgumentException("a context has an evalCallback or an attention, not both");
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    public Builder toBuilder() {
        return new Builder()
                .contextSize(contextSize)
                .batchSize(batchSize)
                .ubatchSize(ubatchSize)
                .maxSequences(maxSequences)
                .maxOutputs(maxOutputs)
                .threads(threads)
                .threadsBatch(threadsBatch)
                .cacheTypeK(cacheTypeK)
                .cacheTypeV(cacheTypeV)
                .kvUnified(kvUnified)
                .flashAttention(flashAttention)
                .offloadKqv(offloadKqv)
                .fullSwaCache(fullSwaCache)
                .evalCallback(evalCallback)
                .attention(attention);
    }

    /** Starts from one sequence, 4096 cells of f16, batches of 2048 computed 512 at a time, one thread. */
    public static final class Builder {
        private int contextSize = 4096;
        private int batchSize = 2048;
        private int ubatchSize = 512;
        private int maxSequences = 1;
        private int maxOutputs;
        private int threads = 1;
        private int threadsBatch;
        private GgmlType cacheTypeK = GgmlType.F16;
        private GgmlType cacheTypeV = GgmlType.F16;
        private boolean kvUnified;
        private FlashAttention flashAttention = FlashAttention.AUTO;
        private boolean offloadKqv = true;
        private boolean fullSwaCache;
        private @Nullable EvalCallback evalCallback;
        private @Nullable OwnAttention attention;

        private Builder() {}

        public Builder contextSize(int cells) {
            this.contextSize = cells;
            return this;
        }

        public Builder batchSize(int tokens) {
            this.batchSize = tokens;
            return this;
        }

        public Builder ubatchSize(int tokens) {
            this.ubatchSize = tokens;
            return this;
        }

        public Builder maxSequences(int sequences) {
            this.maxSequences = sequences;
            return this;
        }

        public Builder maxOutputs(int outputs) {
            this.maxOutputs = outputs;
            return this;
        }

        public Builder threads(int count) {
            this.threads = count;
            return this;
        }

        /** If not set, as many as {@link #threads}. */
        public Builder threadsBatch(int count) {
            this.threadsBatch = count;
            return this;
        }

        public Builder cacheTypeK(GgmlType type) {
            this.cacheTypeK = type;
            return this;
        }

        public Builder cacheTypeV(GgmlType type) {
            this.cacheTypeV = type;
            return this;
        }

        public Builder kvUnified(boolean unified) {
            this.kvUnified = unified;
            return this;
        }

        public Builder flashAttention(FlashAttention when) {
            this.flashAttention = when;
            return this;
        }

        public Builder offloadKqv(boolean offload) {
            this.offloadKqv = offload;
            return this;
        }

        public Builder fullSwaCache(boolean full) {
            this.fullSwaCache = full;
            return this;
        }

        public Builder evalCallback(@Nullable EvalCallback callback) {
            this.evalCallback = callback;
            return this;
        }

        public Builder attention(@Nullable OwnAttention kernel) {
            this.attention = kernel;
            return this;
        }

        /** @throws IllegalArgumentException naming the option that is out of range or does not fit another */
        public ContextOptions build() {
            return new ContextOptions(
                    contextSize,
                    batchSize,
                    ubatchSize,
                    maxSequences,
                    maxOutputs,
                    threads,
                    threadsBatch == 0 ? threads : threadsBatch,
                    cacheTypeK,
                    cacheTypeV,
                    kvUnified,
                    flashAttention,
                    offloadKqv,
                    fullSwaCache,
                    evalCallback,
                    attention);
        }
    }
}
