package org.kvant.http;

import org.kvant.engine.request.GenerationRequest;

/**
 * How much Java memory an answer can come to, before it is begun: {@code n}, {@code max_tokens} and {@code top_logprobs} multiply. Figures a little above what
 * heap histograms show of texts and log probabilities while they are collected and written as JSON.
 */
final class AnswerCost {
    /** A token's text, in a builder that grows and in the body. */
    private static final long TEXT = 24;
    /** A token's own log probability: the engine's, the answer's, and three copies of its JSON. */
    private static final long LOGPROB = 500;
    /** One of the likeliest tokens beside it. */
    private static final long ALTERNATIVE = 400;
    /** A token of a prompt, in the request and in what the engine holds of it. */
    private static final long PROMPT = 16;
    /** A generation without any token, and what waits to be written of a stream. */
    private static final long GENERATION = 4 << 10;

    private AnswerCost() {}

    /**
     * Of one generation.
     *
     * @param sequenceContext tokens that it can have, its prompt included
     * @param stream whether tokens go out as they come, so that only what waits to be written is collected
     */
    static long bytes(GenerationRequest request, int sequenceContext, boolean stream) {
        int prompt = request.tokens().length;
        int room = Math.max(0, sequenceContext - prompt);
        int tokens = request.maxTokens() == GenerationRequest.UNLIMITED ? room : Math.min(room, request.maxTokens());
        int collected = stream ? Math.min(tokens, Answer.MOST_AT_ONCE) : tokens;
        return GENERATION
                + prompt * (PROMPT + logprobs(request.promptLogprobs()))
                + collected * (TEXT + logprobs(request.logprobs()));
    }

    private static long logprobs(int alternatives) {
        return alternatives == GenerationRequest.NO_LOGPROBS ? 0 : LOGPROB + ALTERNATIVE * alternatives;
    }
}
