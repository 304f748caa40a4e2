package org.kvant.engine.request;

import java.util.List;
import java.util.Map;

/**
 * How the next token is chosen: llama.cpp's samplers with llama-server's defaults ({@code common_params_sampling} in llama.cpp's
 * {@code common/common.h}).
 *
 * @param temperature 0 always takes the most likely token
 * @param dynamicRange how far the temperature follows the entropy, up and down; 0 is off
 * @param dynamicExponent how entropy maps to temperature
 * @param topK keep the k most likely tokens; 0 keeps all
 * @param topP keep the most likely tokens that together reach this probability; 1 keeps all
 * @param minP drop tokens less likely than this fraction of the most likely one's probability; 0 drops none
 * @param typicalP keep the tokens of the most typical information content that together reach this probability; 1 keeps all
 * @param topNSigma keep tokens within so many standard deviations of the best logit; 0 or less keeps all
 * @param minKeep fewest tokens that top-p, min-p, typical and XTC leave
 * @param xtcProbability chance to remove all but the least likely of the tokens above {@code xtcThreshold}; 0 is off
 * @param xtcThreshold over 0.5 is off
 * @param presencePenalty subtracted from the logit of each token seen among the last {@code repeatLastN}
 * @param frequencyPenalty subtracted from a token's logit once for each time it was seen there
 * @param repeatPenalty divides a seen token's logit (multiplies it if negative); 1 is off, must be over 0
 * @param repeatLastN how many tokens back the penalties look, prompt included; 0 is off
 * @param dry penalty on repetitions
 * @param mirostat in place of the other samplers
 * @param adaptiveTarget probability near which tokens are drawn if the order has {@link SamplerKind#ADAPTIVE_P}; under 0 is a plain draw
 * @param adaptiveDecay 0 to 0.99
 * @param order of the samplers; those left out aren't applied
 * @param logitBias added to the logits of tokens before everything else; finite
 * @param seed of the random draw, 0 to 2³²−1; {@value #RANDOM_SEED} and 2³²−1 (LLAMA_DEFAULT_SEED) take a new one each time
 */
public record SamplingOptions(
        float temperature,
        float dynamicRange,
        float dynamicExponent,
        int topK,
        float topP,
        float minP,
        float typicalP,
        float topNSigma,
        int minKeep,
        float xtcProbability,
        float xtcThreshold,
        float presencePenalty,
        float frequencyPenalty,
        float repeatPenalty,
        int repeatLastN,
        Dry dry,
        Mirostat mirostat,
        float adaptiveTarget,
        float adaptiveDecay,
        List<SamplerKind> order,
        Map<Integer, Float> logitBias,
        long seed) {

    public static final long RANDOM_SEED = -1;
    /** Candidates of which infill compares all pairs. */
    public static final int MAX_INFILL = 512;
    /** llama-server's defaults. */
    public static final SamplingOptions DEFAULT = new SamplingOptions(
            0.8f,
            0,
            1,
            40,
            0.95f,
            0.05f,
            1,
            -1,
            0,
            0,
            0.1f,
            0,
            0,
            1,
            64,
            Dry.OFF,
            Mirostat.OFF,
            -1,
            0.9f,
            SamplerKind.DEFAULT_ORDER,
            Map.of(),
            RANDOM_SEED);

    private static final long MAX_SEED = 0xFFFF_FFFFL;

    /** @throws IllegalArgumentException if a value is out of its range; the message names it */
    public SamplingOptions {
        check(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "0 or more");
        check(dynamicRange >= 0 && Float.isFinite(dynamicRange), "dynatemp_range", dynamicRange, "0 or more");
        check(Float.isFinite(dynamicExponent), "dynatemp_exponent", dynamicExponent, "finite");
        check(topK >= 0, "top_k", topK, "0 or more");
        check(topP >= 0 && topP <= 1, "top_p", topP, "between 0 and 1");
        check(minP >= 0 && minP <= 1, "min_p", minP, "between 0 and 1");
        check(typicalP >= 0 && typicalP <= 1, "typical_p", typicalP, "between 0 and 1");
        check(Float.isFinite(topNSigma), "top_n_sigma", topNSigma, "finite");
        check(minKeep >= 0, "min_keep", minKeep, "0 or more");
        check(xtcProbability >= 0 && xtcProbability <= 1, "xtc_probability", xtcProbability, "between 0 and 1");
        check(xtcThreshold >= 0 && xtcThreshold <= 1, "xtc_threshold", xtcThreshold, "between 0 and 1");
        check(Float.isFinite(presencePenalty), "presence_penalty", presencePenalty, "finite");
        check(Float.isFinite(frequencyPenalty), "frequency_penalty", frequencyPenalty, "finite");
        check(
                repeatPenalty > 0 && Float.isFinite(repeatPenalty) && Float.isFinite(1 / repeatPenalty),
                "repeat_penalty",
                repeatPenalty,
                "over 0");
        check(repeatLastN >= 0, "repeat_last_n", repeatLastN, "0 or more");
        check(adaptiveTarget <= 1 && Float.isFinite(adaptiveTarget), "adaptive_target", adaptiveTarget, "at most 1");
        check(adaptiveDecay >= 0 && adaptiveDecay <= 0.99f, "adaptive_decay", adaptiveDecay, "between 0 and 0.99");
        check(seed >= RANDOM_SEED && seed <= MAX_SEED, "seed", seed, "between -1 and 4294967295");
        order = List.copyOf(order);
        logitBias = Map.copyOf(logitBias);
        logitBias.forEach((token, bias) -> check(Float.isFinite(bias), "logit_bias of token " + token, bias, "finite"));
        int infill = order.indexOf(SamplerKind.INFILL);
        if (infill >= 0) {
            int topKAt = order.indexOf(SamplerKind.TOP_K);
            check(
                    topKAt >= 0 && topKAt < infill && topK > 0 && topK <= MAX_INFILL,
                    "top_k, which infill needs before it in 'samplers',",
                    topK,
                    "between 1 and " + MAX_INFILL);
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    /** These options with another seed. */
    public SamplingOptions withSeed(long value) {
        return toBuilder().seed(value).build();
    }

    /** A builder that holds these options. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Whether the most likely token is always taken, so that the seed doesn't matter. */
    public boolean greedy() {
        return temperature == 0;
    }

    /** Whether any penalty changes logits. */
    public boolean penalizes() {
        return order.contains(SamplerKind.PENALTIES)
                && repeatLastN != 0
                && (repeatPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0);
    }

    public boolean repels() {
        return order.contains(SamplerKind.DRY) && dry.active();
    }

    public boolean randomSeed() {
        return seed == RANDOM_SEED || seed == MAX_SEED;
    }

    static void check(boolean ok, String name, Number value, String range) {
        if (!ok) {
            throw new IllegalArgumentException(name + " must be " + range + ", not " + value);
        }
    }

    /** Starts from {@link #DEFAULT}. */
    public static final class Builder {
        private float temperature;
        private float dynamicRange;
        private float dynamicExponent;
        private int topK;
        private float topP;
        private float minP;
        private float typicalP;
        private float topNSigma;
        private int minKeep;
        private float xtcProbability;
        private float xtcThreshold;
        private float presencePenalty;
        private float frequencyPenalty;
        private float repeatPenalty;
        private int repeatLastN;
        private Dry dry;
        private Mirostat mirostat;
        private float adaptiveTarget;
        private float adaptiveDecay;
        private List<SamplerKind> order;
        private Map<Integer, Float> logitBias;
        private long seed;

        private Builder() {
            this(DEFAULT);
        }

        private Builder(SamplingOptions from) {
            temperature = from.temperature;
            dynamicRange = from.dynamicRange;
            dynamicExponent = from.dynamicExponent;
            topK = from.topK;
            topP = from.topP;
            minP = from.minP;
            typicalP = from.typicalP;
            topNSigma = from.topNSigma;
            minKeep = from.minKeep;
            xtcProbability = from.xtcProbability;
            xtcThreshold = from.xtcThreshold;
            presencePenalty = from.presencePenalty;
            frequencyPenalty = from.frequencyPenalty;
            repeatPenalty = from.repeatPenalty;
            repeatLastN = from.repeatLastN;
            dry = from.dry;
            mirostat = from.mirostat;
            adaptiveTarget = from.adaptiveTarget;
            adaptiveDecay = from.adaptiveDecay;
            order = from.order;
            logitBias = from.logitBias;
            seed = from.seed;
        }

        public Builder temperature(float value) {
            temperature = value;
            return this;
        }

        public Builder dynamicRange(float value) {
            dynamicRange = value;
            return this;
        }

        public Builder dynamicExponent(float value) {
            dynamicExponent = value;
            return this;
        }

        public Builder topK(int value) {
            topK = value;
            return this;
        }

        public Builder topP(float value) {
            topP = value;
            return this;
        }

        public Builder minP(float value) {
            minP = value;
            return this;
        }

        public Builder typicalP(float value) {
            typicalP = value;
            return this;
        }

        public Builder topNSigma(float value) {
            topNSigma = value;
            return this;
        }

        public Builder minKeep(int value) {
            minKeep = value;
            return this;
        }

        public Builder xtcProbability(float value) {
            xtcProbability = value;
            return this;
        }

        public Builder xtcThreshold(float value) {
            xtcThreshold = value;
            return this;
        }

        public Builder presencePenalty(float value) {
            presencePenalty = value;
            return this;
        }

        public Builder frequencyPenalty(float value) {
            frequencyPenalty = value;
            return this;
        }

        public Builder repeatPenalty(float value) {
            repeatPenalty = value;
            return this;
        }

        public Builder repeatLastN(int value) {
            repeatLastN = value;
            return this;
        }

        public Builder dry(Dry value) {
            dry = value;
            return this;
        }

        public Builder mirostat(Mirostat value) {
            mirostat = value;
            return this;
        }

        public Builder adaptiveTarget(float value) {
            adaptiveTarget = value;
            return this;
        }

        public Builder adaptiveDecay(float value) {
            adaptiveDecay = value;
            return this;
        }

        public Builder order(List<SamplerKind> value) {
            order = value;
            return this;
        }

        public Builder logitBias(Map<Integer, Float> value) {
            logitBias = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public SamplingOptions build() {
            return new SamplingOptions(
                    temperature,
                    dynamicRange,
                    dynamicExponent,
                    topK,
                    topP,
                    minP,
                    typicalP,
                    topNSigma,
                    minKeep,
                    xtcProbability,
                    xtcThreshold,
                    presencePenalty,
                    frequencyPenalty,
                    repeatPenalty,
                    repeatLastN,
                    dry,
                    mirostat,
                    adaptiveTarget,
                    adaptiveDecay,
                    order,
                    logitBias,
                    seed);
        }
    }
}
