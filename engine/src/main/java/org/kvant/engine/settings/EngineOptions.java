package org.kvant.engine.settings;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.Engine;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.loader.NativeOptions;
import org.kvant.llama.modelfile.ModelOptions;
import org.kvant.promptstore.PromptStoreOptions;

/**
 * How an {@link Engine} is set up.
 *
 * @param natives where the native libraries are
 * @param model how the model is loaded
 * @param context its context. {@code contextSize} is what llama-server's {@code --ctx-size} is: the cells of the whole cache. Unless the cache is
 *     unified each sequence gets an equal share, rounded up to 256; a unified one is taken by whoever needs it, and when it is full the youngest
 *     request waits and is computed again. 0 takes the model's training context for each sequence, but at most
 *     {@value #DEFAULT_SEQUENCE_CONTEXT}. {@code maxOutputs} is chosen by the engine.
 * @param queueCapacity requests that may wait for a sequence
 * @param promptBudget most prompt tokens in one decode while streams are running
 * @param stepTarget how long a decode that carries prompt tokens beside streams should take; the budget follows from it and the measured speed
 * @param promptScratchBytes most memory for computing prompts in f16 beside a quantized cache on the CPU, where that is much faster; 0 for never. It is
 *     taken when the first long prompt comes
 * @param cacheAttention whether attention over a quantized cache on the CPU may be computed in Java, where that is found to be faster; ggml rounds the queries
 *     too, so texts part from llama-server's at near ties
 * @param pauseTimeout how long a generation may stay paused before it is cancelled
 * @param promptLookup whether tokens are guessed from the text so far and checked together where that pays; changes speed only
 * @param draft a small model that guesses ahead where that pays; changes speed only. Null for none
 * @param contextShift whether a text with a token limit goes on when its sequence is full, by forgetting the older half of it
 * @param promptCache where computed prompts are kept that the cache has no room for, or when the engine is closed; null for nowhere
 * @param measureThreads whether the numbers of threads are chosen by a short measurement when the model is loaded; those of the context are then what is
 *     kept unless others are clearly faster
 * @param warmup whether a decode is made before the engine is ready, so that the first request doesn't pay for first touches
 */
public record EngineOptions(
        NativeOptions natives,
        ModelOptions model,
        ContextOptions context,
        int queueCapacity,
        int promptBudget,
        Duration stepTarget,
        long promptScratchBytes,
        boolean cacheAttention,
        Duration pauseTimeout,
        boolean promptLookup,
        @Nullable DraftOptions draft,
        boolean contextShift,
        @Nullable PromptStoreOptions promptCache,
        boolean measureThreads,
        boolean warmup) {
    public static final int DEFAULT_SEQUENCE_CONTEXT = 4096;
    public static final int DEFAULT_SEQUENCES = 4;
    public static final long DEFAULT_PROMPT_SCRATCH_BYTES = 256L << 20;

    /** @throws IllegalArgumentException naming the option that is out of range */
    public EngineOptions {
        Objects.requireNonNull(natives, "natives");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(context, "context");
        if (queueCapacity < 1) {
            throw new IllegalArgumentException("queueCapacity must be at least 1, not " + queueCapacity);
        }
        if (promptBudget < 1) {
            throw new IllegalArgumentException("promptBudget must be at least 1, not " + promptBudget);
        }
        if (stepTarget.isNegative() || stepTarget.isZero()) {
            throw new IllegalArgumentException("stepTarget must be positive, not " + stepTarget);
        }
        if (promptScratchBytes < 0) {
            throw new IllegalArgumentException("promptScratchBytes must not be negative: " + promptScratchBytes);
        }
        if (pauseTimeout.isNegative() || pauseTimeout.isZero()) {
            throw new IllegalArgumentException("pauseTimeout must be positive, not " + pauseTimeout);
        }
        if (model.vocabularyOnly()) {
            throw new IllegalArgumentException("An engine needs the model's weights, not only its vocabulary");
        }
    }

    /**
     * One thread for each physical core that this process may use: its CPU set and its cgroup's quota count, fractions of a core don't, since
     * ggml's threads spin while they wait for each other.
     */
    public static int defaultThreads() {
        return CpuThreads.defaultCount();
    }

    /** {@link #DEFAULT_SEQUENCES} sequences of the default length, f16 cache, {@link #defaultThreads()}. */
    public static ContextOptions.Builder defaultContext() {
        return ContextOptions.builder()
                .contextSize(0)
                .maxSequences(DEFAULT_SEQUENCES)
                .threads(defaultThreads());
    }

    /**
     * The context that an engine makes of these options for a model: a size of 0 becomes the default.
     *
     * @param trainContext the model's training context; 0 if it is unknown
     */
    public static ContextOptions sized(ContextOptions wanted, int trainContext) {
        if (wanted.contextSize() != 0) {
            return wanted;
        }
        int each = trainContext > 0 ? Math.min(trainContext, DEFAULT_SEQUENCE_CONTEXT) : DEFAULT_SEQUENCE_CONTEXT;
        return wanted.toBuilder()
                .contextSize(Math.multiplyExact(each, wanted.maxSequences()))
                .build();
    }

    public static EngineOptions defaults() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** A builder that holds these options. */
    public Builder toBuilder() {
        return new Builder()
                .natives(natives)
                .model(model)
                .context(context)
                .queueCapacity(queueCapacity)
                .promptBudget(promptBudget)
                .stepTarget(stepTarget)
                .promptScratchBytes(promptScratchBytes)
                .cacheAttention(cacheAttention)
                .pauseTimeout(pauseTimeout)
                .promptLookup(promptLookup)
                .draft(draft)
                .contextShift(contextShift)
                .promptCache(promptCache)
                .measureThreads(measureThreads)
                .warmup(warmup);
    }

    /** Starts from the defaults. */
    public static final class Builder {
        private NativeOptions natives = NativeOptions.defaults();
        private ModelOptions model = ModelOptions.defaults();
        private ContextOptions context = defaultContext().build();
        private int queueCapacity = 256;
        private int promptBudget = 512;
        private Duration stepTarget = Duration.ofMillis(100);
        private long promptScratchBytes = DEFAULT_PROMPT_SCRATCH_BYTES;
        private boolean cacheAttention = true;
        private Duration pauseTimeout = Duration.ofSeconds(60);
        private boolean promptLookup = true;
        private @Nullable DraftOptions draft;
        private boolean contextShift;
        private @Nullable PromptStoreOptions promptCache;
        private boolean measureThreads;
        private boolean warmup = true;

        private Builder() {}

        public Builder natives(NativeOptions value) {
            natives = value;
            return this;
        }

        public Builder model(ModelOptions value) {
            model = value;
            return this;
        }

        public Builder context(ContextOptions value) {
            context = value;
            return this;
        }

        public Builder queueCapacity(int requests) {
            queueCapacity = requests;
            return this;
        }

        public Builder promptBudget(int tokens) {
            promptBudget = tokens;
            return this;
        }

        public Builder stepTarget(Duration value) {
            stepTarget = value;
            return this;
        }

        public Builder promptScratchBytes(long value) {
            promptScratchBytes = value;
            return this;
        }

        public Builder cacheAttention(boolean value) {
            cacheAttention = value;
            return this;
        }

        public Builder pauseTimeout(Duration value) {
            pauseTimeout = value;
            return this;
        }

        public Builder promptLookup(boolean value) {
            promptLookup = value;
            return this;
        }

        public Builder draft(@Nullable DraftOptions value) {
            draft = value;
            return this;
        }

        public Builder contextShift(boolean value) {
            contextShift = value;
            return this;
        }

        public Builder promptCache(@Nullable PromptStoreOptions value) {
            promptCache = value;
            return this;
        }

        public Builder measureThreads(boolean value) {
            measureThreads = value;
            return this;
        }

        public Builder warmup(boolean value) {
            warmup = value;
            return this;
        }

        public EngineOptions build() {
            return new EngineOptions(
                    natives,
                    model,
                    context,
                    queueCapacity,
                    promptBudget,
                    stepTarget,
                    promptScratchBytes,
                    cacheAttention,
                    pauseTimeout,
                    promptLookup,
                    draft,
                    contextShift,
                    promptCache,
                    measureThreads,
                    warmup);
        }
    }
}
