package org.kvant.http;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kvant.api.common.ApiError;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.GenerationParameters;
import org.kvant.api.common.Refusing;
import org.kvant.api.common.SamplingParameters;
import org.kvant.api.watch.HttpListener;
import org.kvant.engine.request.Dry;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.Mirostat;
import org.kvant.engine.request.SamplerKind;
import org.kvant.engine.request.SamplingOptions;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.grammar.Grammar;
import org.kvant.grammar.GrammarException;

/** The API's parameters in the engine's terms, checked against the model. */
record ParameterMapping(ModelInfo model, Tokenizer tokenizer, HttpListener listener) {
    /** Dividing logits by less overflows them; vLLM draws the line here as well. */
    private static final float COLDEST = 1e-5f;

    /** Everything but prompt and sampling. */
    GenerationRequest.Builder request(String id, GenerationParameters given, boolean echo) throws ApiException {
        checkStopTokens(given.stopTokens());
        // To tell the best, their probabilities must be known.
        int logprobs = given.bestOf() > given.n() ? Math.max(0, given.logprobs()) : given.logprobs();
        return GenerationRequest.builder(id, new int[] {0})
                .maxTokens(given.maxTokens())
                .minTokens(given.minTokens())
                .stop(given.stop())
                .stopTokens(given.stopTokens())
                .ignoreEos(given.ignoreEos())
                .grammar(given.grammar() == null ? null : grammar(given.grammar()))
                .logprobs(logprobs)
                .promptLogprobs(echo ? given.logprobs() : GenerationRequest.NO_LOGPROBS)
                .reusePrefix(given.cachePrompt())
                .cacheSalt(given.cacheSalt())
                .keep(given.keep())
                .priority(given.priority())
                .timeout(given.timeout());
    }

    /** Sampling for one of several texts from the same prompt: with a seed of its own, or all would be the same. */
    SamplingOptions forChoice(SamplingOptions sampling, int choice) {
        return choice == 0 || sampling.randomSeed()
                ? sampling
                : sampling.withSeed((sampling.seed() + choice) & 0xFFFF_FFFFL);
    }

    SamplingOptions sampling(GenerationParameters parameters) throws ApiException {
        SamplingParameters given = parameters.sampling();
        SamplingOptions usual = SamplingOptions.DEFAULT;
        Dry dry = usual.dry();
        Mirostat mirostat = usual.mirostat();
        float temperature = given.number("temperature", usual.temperature());
        Long seed = parameters.seed();
        try {
            return SamplingOptions.builder()
                    .temperature(temperature < COLDEST ? 0 : temperature)
                    .dynamicRange(given.number("dynatemp_range", usual.dynamicRange()))
                    .dynamicExponent(given.number("dynatemp_exponent", usual.dynamicExponent()))
                    .topK(Math.max(0, given.integer("top_k", usual.topK())))
                    .topP(given.number("top_p", usual.topP()))
                    .minP(given.number("min_p", usual.minP()))
                    .typicalP(given.number("typical_p", usual.typicalP()))
                    .topNSigma(given.number("top_n_sigma", usual.topNSigma()))
                    .minKeep(Math.min(given.integer("min_keep", usual.minKeep()), model.vocabularySize()))
                    .xtcProbability(given.number("xtc_probability", usual.xtcProbability()))
                    .xtcThreshold(given.number("xtc_threshold", usual.xtcThreshold()))
                    .presencePenalty(given.number("presence_penalty", usual.presencePenalty()))
                    .frequencyPenalty(given.number("frequency_penalty", usual.frequencyPenalty()))
                    .repeatPenalty(given.number("repeat_penalty", usual.repeatPenalty()))
                    .repeatLastN(lookBack(given.integer("repeat_last_n", usual.repeatLastN())))
                    .dry(new Dry(
                            given.number("dry_multiplier", dry.multiplier()),
                            given.number("dry_base", dry.base()),
                            given.integer("dry_allowed_length", dry.allowedLength()),
                            lookBack(given.integer("dry_penalty_last_n", dry.lastN())),
                            given.dryBreakers() == null ? dry.breakers() : given.dryBreakers()))
                    .mirostat(new Mirostat(
                            given.integer("mirostat", mirostat.version()),
                            given.number("mirostat_tau", mirostat.tau()),
                            given.number("mirostat_eta", mirostat.eta())))
                    .adaptiveTarget(given.number("adaptive_target", usual.adaptiveTarget()))
                    .adaptiveDecay(given.number("adaptive_decay", usual.adaptiveDecay()))
                    .order(order(given))
                    .logitBias(biases(given))
                    .seed(seed == null || seed == SamplingOptions.RANDOM_SEED ? usual.seed() : seed & 0xFFFF_FFFFL)
                    .build();
        } catch (IllegalArgumentException e) {
            throw new ApiException(
                    ApiError.invalid("Invalid sampling: " + e.getMessage() + ".", null, "invalid_value"));
        }
    }

    /** The samplers keep that many tokens, so a huge number would be a huge allocation; -1 is the whole context. */
    private int lookBack(int tokens) {
        return tokens < 0 ? model.sequenceContext() : Math.min(tokens, model.sequenceContext());
    }

    private static List<SamplerKind> order(SamplingParameters given) throws ApiException {
        List<String> names = given.samplers();
        if (names == null) {
            return SamplingOptions.DEFAULT.order();
        }
        List<SamplerKind> order = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String path = "samplers[" + i + "]";
            String name = names.get(i);
            order.add(SamplerKind.of(name)
                    .orElseThrow(() -> new ApiException(ApiError.invalid(
                            "Invalid value for '" + path + "': there is no sampler of that name; there are "
                                    + String.join(
                                            ", ",
                                            List.of(SamplerKind.values()).stream()
                                                    .map(SamplerKind::id)
                                                    .toList())
                                    + ".",
                            path,
                            "invalid_value"))));
        }
        return order;
    }

    private Map<Integer, Float> biases(SamplingParameters given) throws ApiException {
        Map<Integer, Float> biases = new HashMap<>();
        for (SamplingParameters.Bias bias : given.logitBias()) {
            Integer token = bias.token();
            int[] tokens = token != null
                    ? new int[] {token}
                    : Refusing.arguments(
                            bias.path(), () -> tokenizer.tokenize(String.valueOf(bias.text()), false, false));
            for (int each : tokens) {
                checkToken(each, bias.path());
                biases.put(each, bias.bias());
            }
        }
        return biases;
    }

    private void checkStopTokens(List<Integer> tokens) throws ApiException {
        for (int i = 0; i < tokens.size(); i++) {
            checkToken(tokens.get(i), "stop_token_ids[" + i + "]");
        }
    }

    private void checkToken(int token, String path) throws ApiException {
        if (token >= model.vocabularySize()) {
            throw new ApiException(ApiError.invalid(
                    "Invalid value for '" + path + "': there is no token " + token + "; this model's ids end at "
                            + (model.vocabularySize() - 1) + ".",
                    path,
                    "invalid_token"));
        }
    }

    private Grammar grammar(String text) throws ApiException {
        try {
            long start = System.nanoTime();
            Grammar grammar = Grammar.parse(text, this::single, model.vocabularySize());
            listener.grammarCompiled(System.nanoTime() - start);
            return grammar;
        } catch (GrammarException e) {
            throw new ApiException(
                    ApiError.invalid("Invalid value for 'grammar': " + e.getMessage(), "grammar", "invalid_grammar"));
        }
    }

    /** The token that a text is; -1 if it is several. */
    private int single(String text) {
        try {
            int[] tokens = tokenizer.tokenize(text, false, true);
            return tokens.length == 1 ? tokens[0] : -1;
        } catch (IllegalArgumentException e) {
            return -1;
        }
    }
}
