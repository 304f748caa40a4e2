package org.kvant.engine;

/**
 * How the next token is chosen: llama.cpp's samplers in llama-server's order (penalties, top-k, top-p, min-p, temperature, draw), with its
 * defaults ({@code common_params_sampling} in llama.cpp's {@code common/common.h}).
 *
 * @param temperature 0 always takes the most likely token
 * @param topK keep the k most likely tokens; 0 keeps all
 * @param topP keep the most likely tokens that together reach this probability; 1 keeps all
 * @param minP drop tokens less likely than this fraction of the most likely one's probability; 0 drops none
 * @param presencePenalty subtracted from the logit of each token seen among the last {@code repeatLastN}
 * @param frequencyPenalty subtracted from a token's logit once for each time it was seen there
 * @param repeatPenalty divides a seen token's logit (multiplies it if negative); 1 is off, must be over 0
 * @param repeatLastN how many tokens back the penalties look, prompt included; 0 is off
 * @param seed of the random draw, 0 to 2³²−1; {@value #RANDOM_SEED} and 2³²−1 (LLAMA_DEFAULT_SEED) take a new one each time
 */
public record SamplingOptions(
        float temperature,
        int topK,
        float topP,
        float minP,
        float presencePenalty,
        float frequencyPenalty,
        float repeatPenalty,
        int repeatLastN,
        long seed) {

    public static final long RANDOM_SEED = -1;
    /** llama-server's defaults. */
    public static final SamplingOptions DEFAULT =
            new SamplingOptions(0.8f, 40, 0.95f, 0.05f, 0f, 0f, 1f, 64, RANDOM_SEED);

    private static final long MAX_SEED = 0xFFFF_FFFFL;

    /** @throws IllegalArgumentException if a value is out of its range; the message names it */
    public SamplingOptions {
        check(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "0 or more");
        check(topK >= 0, "top_k", topK, "0 or more");
        check(topP >= 0 && topP <= 1, "top_p", topP, "between 0 and 1");
        check(minP >= 0 && minP <= 1, "min_p", minP, "between 0 and 1");
        check(Float.isFinite(presencePenalty), "presence_penalty", presencePenalty, "finite");
        check(Float.isFinite(frequencyPenalty), "frequency_penalty", frequencyPenalty, "finite");
        check(
                repeatPenalty > 0 && Float.isFinite(repeatPenalty) && Float.isFinite(1 / repeatPenalty),
                "repeat_penalty",
                repeatPenalty,
                "over 0");
        check(repeatLastN >= 0, "repeat_last_n", repeatLastN, "0 or more");
        check(seed >= RANDOM_SEED && seed <= MAX_SEED, "seed", seed, "between -1 and 4294967295");
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Whether the most likely token is always taken, so that the seed doesn't matter. */
    public boolean greedy() {
        return temperature == 0;
    }

    /** Whether any penalty changes logits. */
    boolean penalizes() {
        return repeatLastN != 0 && (repeatPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0);
    }

    boolean randomSeed() {
        return seed == RANDOM_SEED || seed == MAX_SEED;
    }

    private static void check(boolean ok, String name, Number value, String range) {
        if (!ok) {
            throw new IllegalArgumentException(name + " must be " + range + ", not " + value);
        }
    }

    /** Starts from {@link #DEFAULT}. */
    public static final class Builder {
        private float temperature = DEFAULT.temperature;
        private int topK = DEFAULT.topK;
        private float topP = DEFAULT.topP;
        private float minP = DEFAULT.minP;
        private float presencePenalty = DEFAULT.presencePenalty;
        private float frequencyPenalty = DEFAULT.frequencyPenalty;
        private float repeatPenalty = DEFAULT.repeatPenalty;
        private int repeatLastN = DEFAULT.repeatLastN;
        private long seed = DEFAULT.seed;

        private Builder() {}

        public Builder temperature(float value) {
            temperature = value;
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

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public SamplingOptions build() {
            return new SamplingOptions(
                    temperature, topK, topP, minP, presencePenalty, frequencyPenalty, repeatPenalty, repeatLastN, seed);
        }
    }
}
