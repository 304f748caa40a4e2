package org.kvant.engine;

import java.util.HashMap;
import java.util.Map;
import org.kvant.llama.SamplerChain;

/**
 * llama.cpp's samplers in llama-server's order ({@code common_sampler_init} in {@code common/sampling.cpp}): logit bias, penalties, top-k, top-p,
 * min-p, temperature, draw. Samplers that would change nothing are left out, as llama.cpp does itself.
 */
final class Samplers {
    /** LLAMA_DEFAULT_SEED: the library takes a random seed. */
    private static final long RANDOM = 0xFFFF_FFFFL;

    private Samplers() {}

    /**
     * A chain for one request, which has seen its prompt as llama-server's does: penalties count the prompt's tokens. The caller closes it.
     *
     * @param prompt the tokens so far
     */
    static SamplerChain create(LoadedModel loaded, GenerationRequest request, TokenList prompt) {
        SamplingOptions options = request.sampling();
        SamplerChain.Builder chain = SamplerChain.builder(loaded.vocab);
        Map<Integer, Float> biases = new HashMap<>();
        if (request.ignoreEos()) {
            ban(loaded.endTokens, biases);
        }
        ban(loaded.suppressedTokens, biases);
        if (!biases.isEmpty()) {
            chain.logitBias(biases);
        }
        if (options.penalizes()) {
            chain.penalties(
                    options.repeatLastN(),
                    options.repeatPenalty(),
                    options.frequencyPenalty(),
                    options.presencePenalty());
        }
        if (options.greedy()) {
            // At temperature 0 llama-server runs the others too, but they always keep the most likely token.
            chain.greedy();
        } else {
            if (options.topK() > 0) {
                chain.topK(options.topK());
            }
            if (options.topP() < 1) {
                chain.topP(options.topP(), 0);
            }
            if (options.minP() > 0) {
                chain.minP(options.minP(), 0);
            }
            chain.temperature(options.temperature());
            chain.dist(options.randomSeed() ? RANDOM : options.seed());
        }
        SamplerChain sampler = chain.build();
        if (options.penalizes()) {
            // Only the penalties remember tokens, and only the last ones.
            for (int i = Math.max(0, prompt.size() - options.repeatLastN()); i < prompt.size(); i++) {
                sampler.accept(prompt.get(i));
            }
        }
        return sampler;
    }

    private static void ban(int[] tokens, Map<Integer, Float> biases) {
        for (int token : tokens) {
            biases.put(token, Float.NEGATIVE_INFINITY);
        }
    }
}
