package org.kvant.openai;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code /v1/completions} and {@code /v1/chat/completions} have in common. Null leaves a choice to the engine's default, which is
 * llama-server's.
 *
 * @param maxTokens most tokens to generate; -1: up to the end of the context
 * @param temperature 0 to 100
 * @param topK 0 (also given as -1) keeps all
 * @param topP 0 to 1
 * @param minP 0 to 1
 * @param presencePenalty -2 to 2
 * @param frequencyPenalty -2 to 2
 * @param repeatPenalty 0.01 to 100
 * @param repeatLastN how many tokens the penalties look back; -1: the whole context
 * @param seed any 64-bit integer; the sampler's seed has 32 bits, and llama-server takes the low ones
 * @param stop none is empty
 * @param ignoreEos whether end-of-generation tokens are kept from being sampled
 * @param cachePrompt whether the computed state of an earlier, equal prompt may be used
 * @param stream whether the answer comes as server-sent events
 * @param includeUsage whether a stream ends with a chunk of token counts
 */
public record GenerationParameters(
        int maxTokens,
        @Nullable Float temperature,
        @Nullable Integer topK,
        @Nullable Float topP,
        @Nullable Float minP,
        @Nullable Float presencePenalty,
        @Nullable Float frequencyPenalty,
        @Nullable Float repeatPenalty,
        @Nullable Integer repeatLastN,
        @Nullable Long seed,
        List<String> stop,
        boolean ignoreEos,
        boolean cachePrompt,
        boolean stream,
        boolean includeUsage) {

    /** Each generated token is searched for all of them, on the thread that every stream waits for. */
    static final int MAX_STOPS = 64;

    static final int MAX_STOP_LENGTH = 1024;
    /** In the order of precedence when they agree; {@code n_predict} is llama-server's own name. */
    private static final List<String> LIMITS = List.of("max_completion_tokens", "max_tokens", "n_predict");

    static GenerationParameters read(Fields request) throws ApiException {
        Fields streamOptions = request.object("stream_options");
        return new GenerationParameters(
                maxTokens(request),
                request.number("temperature", 0, 100),
                clampToZero(integer(request, "top_k", -1)),
                request.number("top_p", 0, 1),
                request.number("min_p", 0, 1),
                request.number("presence_penalty", -2, 2),
                request.number("frequency_penalty", -2, 2),
                request.number("repeat_penalty", 0.01, 100),
                integer(request, "repeat_last_n", -1),
                request.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE),
                stop(request),
                request.bool("ignore_eos", false),
                request.bool("cache_prompt", true),
                request.bool("stream", false),
                streamOptions != null && streamOptions.bool("include_usage", false));
    }

    private static @Nullable Integer integer(Fields request, String name, int min) throws ApiException {
        Long value = request.integer(name, min, Integer.MAX_VALUE);
        return value == null ? null : (Integer) value.intValue();
    }

    private static @Nullable Integer clampToZero(@Nullable Integer value) {
        return value == null ? null : (Integer) Math.max(0, value);
    }

    private static int maxTokens(Fields request) throws ApiException {
        String first = null;
        int limit = -1;
        for (String name : LIMITS) {
            Integer value = integer(request, name, -1);
            if (value == null) {
                continue;
            }
            if (first != null && value != limit) {
                throw Fields.invalidValue(
                        request.path(name),
                        value + " contradicts '" + first + "', which is " + limit + "; send one of them.");
            }
            first = name;
            limit = value;
        }
        return limit;
    }

    private static List<String> stop(Fields request) throws ApiException {
        if (request.raw("stop") instanceof String) {
            String text = request.string("stop");
            return text == null || text.isEmpty() ? List.of() : List.of(checkLength(text, "stop"));
        }
        List<@Nullable Object> values = request.list("stop", "a string or an array of strings");
        if (values == null) {
            return List.of();
        }
        if (values.size() > MAX_STOPS) {
            throw Fields.invalidValue("stop", "at most " + MAX_STOPS + " strings, not " + values.size() + ".");
        }
        List<String> stop = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            String text = checkLength(Fields.string(values.get(i), "stop[" + i + "]"), "stop[" + i + "]");
            // An empty string would end every text at once; clients send it for "none".
            if (!text.isEmpty()) {
                stop.add(text);
            }
        }
        return List.copyOf(stop);
    }

    private static String checkLength(String text, String path) throws ApiException {
        if (text.length() > MAX_STOP_LENGTH) {
            throw Fields.invalidValue(path, "at most " + MAX_STOP_LENGTH + " characters, not " + text.length() + ".");
        }
        return text;
    }
}
