package org.kvant.engine.sampling;

import java.util.HashMap;
import java.util.Map;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.Dry;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Mirostat;
import org.kvant.engine.request.SamplerKind;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.llama.sampling.SamplerChain;

/**
 * llama.cpp's samplers as {@code common_sampler_init} in {@code common/sampling.cpp} chains them: logit bias, then those of the request in its
 * order, then the draw. Samplers that would change nothing are left out, as llama.cpp does itself.
 */
public final class Samplers {
    /** LLAMA_DEFAULT_SEED: the library takes a random seed. */
    private static final long RANDOM = 0xFFFF_FFFFL;

    private Samplers() {}

    /**
     * A chain for one request, which has seen its prompt as llama-server's does: penalties count the prompt's tokens. The caller closes it.
     *
     * @param prompt the tokens so far
     */
    static SamplerChain create(ModelVocabulary vocabulary, GenerationRequest request, TokenList prompt) {
        SamplingOptions options = request.sampling();
        SamplerChain.Builder chain = SamplerChain.builder(vocabulary.vocab());
        Map<Integer, Float> biases = new HashMap<>(options.logitBias());
        if (request.ignoreEos()) {
            ban(vocabulary.vocab().endTokens(), biases);
        }
        ban(vocabulary.suppressed(), biases);
        if (!biases.isEmpty()) {
            chain.logitBias(biases);
        }
        long seed = options.randomSeed() ? RANDOM : options.seed();
        if (options.mirostat().version() > 0 && !options.greedy()) {
            mirostat(options, seed, chain);
        } else {
            ordered(options, seed, chain);
        }
        SamplerChain sampler = chain.build();
        int memory = Math.max(
                options.penalizes() ? options.repeatLastN() : 0,
                options.repels() ? options.dry().lastN() : 0);
        // Only the penalties remember tokens, and only the last ones.
        for (int i = Math.max(0, prompt.size() - memory); i < prompt.size(); i++) {
            sampler.accept(prompt.get(i));
        }
        return sampler;
    }

    private static void mirostat(SamplingOptions options, long seed, SamplerChain.Builder chain) {
        Mirostat mirostat = options.mirostat();
        chain.temperature(options.temperature());
        if (mirostat.version() == 1) {
            chain.mirostat(mirostat.tau(), mirostat.eta(), seed);
        } else {
            chain.mirostatV2(mirostat.tau(), mirostat.eta(), seed);
        }
    }

    private static void ordered(SamplingOptions options, long seed, SamplerChain.Builder chain) {
        for (SamplerKind kind : options.order()) {
            // At temperature 0 llama-server runs the others too, but most of them always keep the most likely token.
            if (!options.greedy() || kind.ordinal() <= SamplerKind.DRY.ordinal() || kind == SamplerKind.XTC) {
                add(kind, options, seed, chain);
            }
        }
        if (options.greedy()) {
            chain.greedy();
        } else if (options.order().contains(SamplerKind.ADAPTIVE_P)) {
            chain.adaptiveP(options.adaptiveTarget(), options.adaptiveDecay(), seed);
        } else {
            chain.dist(seed);
        }
    }

    private static void add(SamplerKind kind, SamplingOptions o, long seed, SamplerChain.Builder chain) {
        switch (kind) {
            case PENALTIES -> {
                if (o.penalizes()) {
                    chain.penalties(o.repeatLastN(), o.repeatPenalty(), o.frequencyPenalty(), o.presencePenalty());
                }
            }
            case DRY -> {
                if (o.repels()) {
                    Dry dry = o.dry();
                    chain.dry(dry.multiplier(), dry.base(), dry.allowedLength(), dry.lastN(), dry.breakers());
                }
            }
            case TOP_N_SIGMA -> {
                if (o.topNSigma() > 0) {
                    chain.topNSigma(o.topNSigma());
                }
            }
            case TOP_K -> {
                if (o.topK() > 0) {
                    chain.topK(o.topK());
                }
            }
            case TYPICAL_P -> {
                if (o.typicalP() < 1) {
                    chain.typical(o.typicalP(), o.minKeep());
                }
            }
            case TOP_P -> {
                if (o.topP() < 1) {
                    chain.topP(o.topP(), o.minKeep());
                }
            }
            case MIN_P -> {
                if (o.minP() > 0) {
                    chain.minP(o.minP(), o.minKeep());
                }
            }
            case XTC -> {
                if (o.xtcProbability() > 0 && o.xtcThreshold() <= 0.5f) {
                    chain.xtc(o.xtcProbability(), o.xtcThreshold(), o.minKeep(), seed);
                }
            }
            case TEMPERATURE -> {
                if (o.dynamicRange() > 0) {
                    chain.dynamicTemperature(o.temperature(), o.dynamicRange(), o.dynamicExponent());
                } else {
                    chain.temperature(o.temperature());
                }
            }
            case INFILL -> chain.infill();
            case ADAPTIVE_P -> {
                // The draw itself; comes last.
            }
        }
    }

    private static void ban(int[] tokens, Map<Integer, Float> biases) {
        for (int token : tokens) {
            biases.put(token, Float.NEGATIVE_INFINITY);
        }
    }
}
