package org.kvant.llama.sampling;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.Vocab;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.ffi.llama_logit_bias;
import org.kvant.llama.ffi.llama_sampler_chain_params;
import org.kvant.llama.library.Check;
import org.kvant.llama.library.LibraryState;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.library.NativeAbort;
import org.kvant.llama.library.Outputs;

/**
 * llama.cpp's samplers in a row, ending with one that chooses a token. Its methods may be called from any thread, one at a
 * time; {@link #sample} only from the context's.
 */
public final class SamplerChain implements AutoCloseable {
    private final Vocab vocab;
    private final MemorySegment chain;
    /** Room for the likeliest tokens, as many as the samplers look at; empty if they look at all. */
    private final int[] preselected;
    /** What is banned whatever its logit. */
    private final int[] banned;

    private boolean closed;

    private SamplerChain(Vocab vocab, MemorySegment chain, int preselected, int[] banned) {
        this.vocab = vocab;
        this.chain = chain;
        this.preselected = new int[preselected];
        this.banned = banned;
    }

    /** A chain for tokens of this vocabulary. */
    public static Builder builder(Vocab vocab) {
        return new Builder(vocab);
    }

    /**
     * Chooses the token that follows one of the last batch, and accepts it.
     *
     * @param batchIndex what {@link Batch#add} returned, of a token added with {@code logits}
     * @throws LlamaException if the logits are not numbers, as of a damaged model
     */
    public synchronized int sample(Context context, int batchIndex) {
        check();
        if (preselected.length > 0) {
            int token = choose(context, batchIndex);
            llama_h.llama_sampler_accept(chain, token);
            return token;
        }
        checkModel(context);
        Outputs outputs = context.outputs();
        Logits.requireNumbers(outputs.row(batchIndex));
        return llama_h.llama_sampler_sample(chain, outputs.context(), batchIndex);
    }

    private void checkModel(Context context) {
        if (context.model().vocab() != vocab) {
            throw new IllegalArgumentException("the sampler was made for another model's vocabulary");
        }
    }

    /**
     * Chooses the token that follows one of the last batch, without accepting it: {@link #accept} may follow, with this token or
     * with another. Random numbers are drawn all the same.
     *
     * @param batchIndex what {@link Batch#add} returned, of a token added with {@code logits}
     * @throws LlamaException if the logits are not numbers, as of a damaged model
     */
    public synchronized int choose(Context context, int batchIndex) {
        check();
        checkModel(context);
        Outputs outputs = context.outputs();
        MemorySegment logits = outputs.row(batchIndex);
        Candidates candidates = outputs.scratch(Candidates.class, Candidates::new);
        MemorySegment array;
        if (preselected.length > 0) {
            TopLogits top = outputs.scratch(TopLogits.class, (vocabulary, _) -> new TopLogits(vocabulary));
            top.load(logits, banned);
            if (preselected.length == 1) {
                return top.best();
            }
            array = candidates.fill(top, preselected, top.best(preselected));
        } else {
            Logits.requireNumbers(logits);
            array = candidates.fill(logits);
        }
        llama_h.llama_sampler_apply(chain, array);
        return candidates.selected();
    }

    /** Tells the chain of a token that it did not choose, such as one of the prompt: penalties count it. */
    public synchronized void accept(int token) {
        check();
        llama_h.llama_sampler_accept(chain, vocab.checked(token));
    }

    /** Forgets accepted tokens and starts random numbers anew. */
    public synchronized void reset() {
        check();
        llama_h.llama_sampler_reset(chain);
    }

    private void check() {
        NativeAbort.check();
        if (closed) {
            throw new IllegalStateException("the sampler chain is closed");
        }
    }

    /** Frees the chain. A second call does nothing. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (!NativeAbort.hasAborted()) {
            llama_h.llama_sampler_free(chain);
        }
    }

    /** Collects samplers in the order in which they are applied. Values out of range are refused when they are added. */
    public static final class Builder {
        /** Longer memories of tokens cost time at every step. */
        private static final int MAX_LAST_N = 1 << 20;

        private static final long MAX_SEED = 0xFFFF_FFFFL;

        private static final int MAX_BREAKER = 40;

        /** Of the estimate of a token's surprise; the paper's and llama-server's value. */
        private static final int MIROSTAT_TOKENS = 100;

        /** More of the likeliest tokens are left to llama.cpp. */
        private static final int MOST_PRESELECTED = 256;

        private final Vocab vocab;
        private final List<Supplier<MemorySegment>> samplers = new ArrayList<>();
        private boolean chooses;
        /** Whether nothing but bans has been added. */
        private boolean onlyBans = true;
        /** How many of the likeliest tokens are looked at, if the first sampler says so; else 0. */
        private int preselected;

        private int[] banned = {};

        private Builder(Vocab vocab) {
            this.vocab = vocab;
        }

        /** Adds to the logits of tokens; {@code -Infinity} forbids one. */
        public Builder logitBias(Map<Integer, Float> biases) {
            Map<Integer, Float> copy = Map.copyOf(biases);
            copy.forEach((token, bias) -> {
                vocab.checked(token);
                if (bias.isNaN() || bias == Float.POSITIVE_INFINITY) {
                    throw new IllegalArgumentException("the bias of token " + token + " is " + bias);
                }
            });
            boolean bans = onlyBans && copy.values().stream().allMatch(bias -> bias == Float.NEGATIVE_INFINITY);
            if (bans) {
                banned = IntStream.concat(
                                Arrays.stream(banned), copy.keySet().stream().mapToInt(Integer::intValue))
                        .toArray();
            }
            add(() -> logitBiasSampler(copy));
            onlyBans = bans;
            return this;
        }

        private MemorySegment logitBiasSampler(Map<Integer, Float> biases) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment array = llama_logit_bias.allocateArray(Math.max(1, biases.size()), arena);
                int i = 0;
                for (Map.Entry<Integer, Float> entry : biases.entrySet()) {
                    MemorySegment bias = llama_logit_bias.asSlice(array, i++);
                    llama_logit_bias.token(bias, entry.getKey());
                    llama_logit_bias.bias(bias, entry.getValue());
                }
                return llama_h.llama_sampler_init_logit_bias(vocab.size(), biases.size(), array);
            }
        }

        /**
         * Makes tokens less likely that were accepted lately.
         *
         * @param lastN how many tokens back; 0 for none
         * @param repeat divides their logits (multiplies negative ones); 1 for no change
         * @param frequency subtracted for every occurrence
         * @param presence subtracted once
         */
        public Builder penalties(int lastN, float repeat, float frequency, float presence) {
            Check.range("penalties' lastN", lastN, 0, MAX_LAST_N);
            Check.range("repeat penalty", repeat, Float.MIN_NORMAL, Float.MAX_VALUE);
            Check.finite("frequency penalty", frequency);
            Check.finite("presence penalty", presence);
            return add(() -> llama_h.llama_sampler_init_penalties(vocab.size(), lastN, repeat, frequency, presence));
        }

        /** Keeps the {@code k} most likely; 0 or less for all. */
        public Builder topK(int k) {
            if (onlyBans && k > 0 && k <= MOST_PRESELECTED) {
                preselected = Math.min(k, vocab.size());
            }
            return add(() -> llama_h.llama_sampler_init_top_k(k));
        }

        /** Keeps the most likely that together have probability {@code p}; 1 for all. */
        public Builder topP(float p, int minKeep) {
            Check.range("topP", p, 0, 1);
            Check.range("minKeep", minKeep, 0, Integer.MAX_VALUE);
            return add(() -> llama_h.llama_sampler_init_top_p(p, minKeep));
        }

        /** Keeps those at least {@code p} times as likely as the most likely; 0 for all. */
        public Builder minP(float p, int minKeep) {
            Check.range("minP", p, 0, 1);
            Check.range("minKeep", minKeep, 0, Integer.MAX_VALUE);
            return add(() -> llama_h.llama_sampler_init_min_p(p, minKeep));
        }

        /** Keeps those of the most typical information content that together have probability {@code p}; 1 for all. */
        public Builder typical(float p, int minKeep) {
            Check.range("typicalP", p, 0, 1);
            Check.range("minKeep", minKeep, 0, Integer.MAX_VALUE);
            return add(() -> llama_h.llama_sampler_init_typical(p, minKeep));
        }

        /** Keeps those within {@code n} standard deviations of the best logit; 0 or less for all. */
        public Builder topNSigma(float n) {
            Check.finite("topNSigma", n);
            return add(() -> llama_h.llama_sampler_init_top_n_sigma(n));
        }

        /** With probability {@code p} removes all but the least likely of those above {@code threshold}. */
        public Builder xtc(float p, float threshold, int minKeep, long seed) {
            Check.range("xtc probability", p, 0, 1);
            Check.range("xtc threshold", threshold, 0, 1);
            Check.range("minKeep", minKeep, 0, Integer.MAX_VALUE);
            int bits = seed(seed);
            return add(() -> llama_h.llama_sampler_init_xtc(p, threshold, minKeep, bits));
        }

        /** Divides the logits; 0 or less keeps only the most likely. */
        public Builder temperature(float t) {
            Check.finite("temperature", t);
            return add(() -> llama_h.llama_sampler_init_temp(t));
        }

        /** A temperature that follows the entropy, within {@code delta} of {@code t}; with 0 the same as {@link #temperature}. */
        public Builder dynamicTemperature(float t, float delta, float exponent) {
            Check.finite("temperature", t);
            Check.range("temperature range", delta, 0, Float.MAX_VALUE);
            Check.finite("temperature exponent", exponent);
            return add(() -> llama_h.llama_sampler_init_temp_ext(t, delta, exponent));
        }

        /**
         * Makes tokens less likely that would prolong a repetition
         * (<a href="https://github.com/oobabooga/text-generation-webui/pull/5677">DRY</a>). Making it looks through the whole vocabulary for
         * each breaker.
         *
         * @param multiplier 0 is off
         * @param base at least 1: the penalty is {@code multiplier * base^(length - allowedLength)}
         * @param allowedLength repetitions up to this length go free
         * @param lastN how many tokens back it looks; 0 is off
         * @param breakers texts across which no repetition is seen; llama.cpp cuts each to 40 bytes, so no more are taken
         */
        public Builder dry(float multiplier, float base, int allowedLength, int lastN, List<String> breakers) {
            Check.range("dry multiplier", multiplier, 0, Float.MAX_VALUE);
            Check.range("dry base", base, 1, Float.MAX_VALUE);
            Check.range("dry allowed length", allowedLength, 0, Integer.MAX_VALUE);
            Check.range("dry lastN", lastN, 0, MAX_LAST_N);
            for (String breaker : breakers) {
                int bytes = breaker.getBytes(StandardCharsets.UTF_8).length;
                if (bytes == 0 || bytes > MAX_BREAKER || breaker.indexOf(0) >= 0) {
                    throw new IllegalArgumentException("a dry breaker must have 1 to " + MAX_BREAKER
                            + " bytes of UTF-8 without NUL, not " + bytes);
                }
            }
            List<String> copy = List.copyOf(breakers);
            return add(() -> {
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment texts = arena.allocate(ValueLayout.ADDRESS, Math.max(1, copy.size()));
                    for (int i = 0; i < copy.size(); i++) {
                        texts.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(copy.get(i)));
                    }
                    return llama_h.llama_sampler_init_dry(
                            vocab.handle().segment(), multiplier, base, allowedLength, lastN, texts, copy.size());
                }
            });
        }

        /** For filling in the middle: prefers to end, and merges candidates that begin alike. Compares all pairs of candidates, so {@link #topK} must stand before it. */
        public Builder infill() {
            return add(() -> llama_h.llama_sampler_init_infill(vocab.handle().segment()));
        }

        /**
         * Chooses at random so that the text's surprise stays near {@code tau} (<a href="https://arxiv.org/abs/2007.14966">Mirostat</a>). Must be
         * last.
         *
         * @param eta learning rate
         * @param seed as {@link #dist}'s
         */
        public Builder mirostat(float tau, float eta, long seed) {
            Check.range("mirostat tau", tau, 0, Float.MAX_VALUE);
            Check.range("mirostat eta", eta, 0, Float.MAX_VALUE);
            int bits = seed(seed);
            add(() -> llama_h.llama_sampler_init_mirostat(vocab.size(), bits, tau, eta, MIROSTAT_TOKENS));
            chooses = true;
            return this;
        }

        /** The second version of {@link #mirostat}. Must be last. */
        public Builder mirostatV2(float tau, float eta, long seed) {
            Check.range("mirostat tau", tau, 0, Float.MAX_VALUE);
            Check.range("mirostat eta", eta, 0, Float.MAX_VALUE);
            int bits = seed(seed);
            add(() -> llama_h.llama_sampler_init_mirostat_v2(bits, tau, eta));
            chooses = true;
            return this;
        }

        /**
         * Chooses tokens whose probability is near a target that follows those chosen before
         * (<a href="https://github.com/ggml-org/llama.cpp/pull/17927">adaptive p</a>). Must be last.
         *
         * @param target up to 1; under 0 it is a plain draw
         * @param decay 0 to 0.99, of the mean over chosen tokens
         * @param seed as {@link #dist}'s
         */
        public Builder adaptiveP(float target, float decay, long seed) {
            Check.range("adaptive target", target, -Float.MAX_VALUE, 1);
            Check.range("adaptive decay", decay, 0, 0.99f);
            int bits = seed(seed);
            add(() -> llama_h.llama_sampler_init_adaptive_p(target, decay, bits));
            chooses = true;
            return this;
        }

        /**
         * Chooses at random by the probabilities. Must be last.
         *
         * @param seed 0 to 4294967295; the last means a random one
         */
        public Builder dist(long seed) {
            int bits = seed(seed);
            add(() -> llama_h.llama_sampler_init_dist(bits));
            chooses = true;
            return this;
        }

        /** Chooses the most likely. Must be last. */
        public Builder greedy() {
            if (onlyBans) {
                preselected = 1;
            }
            add(llama_h::llama_sampler_init_greedy);
            chooses = true;
            return this;
        }

        private static int seed(long seed) {
            if (seed < 0 || seed > MAX_SEED) {
                throw new IllegalArgumentException("seed " + seed + " is outside 0 to " + MAX_SEED);
            }
            return (int) seed;
        }

        private Builder add(Supplier<MemorySegment> sampler) {
            if (chooses) {
                throw new IllegalStateException("nothing can follow the sampler that chooses the token");
            }
            samplers.add(sampler);
            onlyBans = false;
            return this;
        }

        /**
         * The chain; the builder may be used again.
         *
         * @throws IllegalStateException if nothing chooses the token, as {@link #dist} or {@link #greedy} do
         */
        public SamplerChain build() {
            LibraryState.require();
            if (!chooses) {
                throw new IllegalStateException(
                        "the chain must end with one that chooses the token, as dist or greedy");
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment p = llama_h.llama_sampler_chain_default_params(arena);
                llama_sampler_chain_params.no_perf(p, true);
                MemorySegment chain = llama_h.llama_sampler_chain_init(p);
                // The chain owns its samplers and frees them.
                samplers.forEach(s -> llama_h.llama_sampler_chain_add(chain, s.get()));
                return new SamplerChain(vocab, chain, preselected, banned);
            }
        }
    }
}
