package org.kvant.api.common;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code /v1/completions} and {@code /v1/chat/completions} have in common.
 *
 * @param maxTokens most tokens to generate; -1: up to the end of the context
 * @param minTokens tokens before which no end may come
 * @param sampling how tokens are chosen
 * @param seed any 64-bit integer; the sampler's seed has 32 bits, and llama-server takes the low ones
 * @param stop none is empty
 * @param stopTokens {@code stop_token_ids}, none negative; whether the model knows them is for the caller to check
 * @param ignoreEos whether end-of-generation tokens are kept from being sampled
 * @param grammar in GBNF; null for none
 * @param logprobs how many alternatives each token's log probability comes with; -1 for no log probabilities
 * @param n how many answers each prompt gets
 * @param bestOf how many are generated, of which the {@code n} most likely are sent; at least {@code n}
 * @param cachePrompt whether the computed state of an earlier, equal prompt may be used
 * @param cacheSalt requests share computed state only with those of the same salt; may be empty
 * @param keep {@code n_keep}: prompt tokens that stay when the context is shifted; -1: all
 * @param priority lower ones go first
 * @param timeout after which the request is given up; null for never
 * @param stream whether the answer comes as server-sent events
 * @param includeUsage whether a stream ends with a chunk of token counts
 */
public record GenerationParameters(
        int maxTokens,
        int minTokens,
        SamplingParameters sampling,
        @Nullable Long seed,
        List<String> stop,
        List<Integer> stopTokens,
        boolean ignoreEos,
        @Nullable String grammar,
        int logprobs,
        int n,
        int bestOf,
        boolean cachePrompt,
        String cacheSalt,
        int keep,
        int priority,
        @Nullable Duration timeout,
        boolean stream,
        boolean includeUsage) {

    /** Each generated token is searched for all of them, on the thread that every stream waits for. */
    static final int MAX_STOPS = 64;

    static final int MAX_STOP_LENGTH = 1024;
    static final int MAX_CHOICES = 128;
    static final int MAX_LOGPROBS = 128;
    private static final int MAX_SALT = 1024;
    private static final double MAX_TIMEOUT_SECONDS = 86_400;
    private static final double SHORTEST_TIMEOUT_SECONDS = 0.001;
    /** In the order of precedence when they agree; {@code n_predict} is llama-server's own name. */
    private static final List<String> LIMITS = List.of("max_completion_tokens", "max_tokens", "n_predict");

    /** How many log probabilities a request wants with each token; -1 for none. */
    @FunctionalInterface
    public interface Logprobs {
        int read(Fields request) throws ApiException;
    }

    /** @param logprobs how this wire format asks for log probabilities */
    public static GenerationParameters read(Fields request, Logprobs logprobs) throws ApiException {
        Fields streamOptions = request.object("stream_options");
        int n = (int) orElse(request.integer("n", 1, MAX_CHOICES), 1);
        boolean stream = request.bool("stream", false);
        return new GenerationParameters(
                maxTokens(request),
                minTokens(request),
                SamplingParameters.read(request),
                request.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE),
                stop(request),
                stopTokens(request),
                request.bool("ignore_eos", false),
                grammar(request),
                logprobs.read(request),
                n,
                bestOf(request, n, stream),
                request.bool("cache_prompt", true),
                salt(request),
                (int) orElse(request.integer("n_keep", -1, Integer.MAX_VALUE), 0),
                (int) orElse(request.integer("priority", Integer.MIN_VALUE, Integer.MAX_VALUE), 0),
                timeout(request),
                stream,
                streamOptions != null && streamOptions.bool("include_usage", false));
    }

    private static int bestOf(Fields request, int n, boolean stream) throws ApiException {
        int bestOf = (int) orElse(request.integer("best_of", 1, MAX_CHOICES), n);
        if (bestOf < n) {
            throw Fields.invalidValue("best_of", bestOf + " is less than 'n', which is " + n + ".");
        }
        if (bestOf > n && stream) {
            throw Fields.invalidValue(
                    "best_of", "which answers are best is known at the end only; leave 'stream' out.");
        }
        return bestOf;
    }

    private static int minTokens(Fields request) throws ApiException {
        int min = (int) orElse(request.integer("min_tokens", 0, Integer.MAX_VALUE), 0);
        int max = maxTokens(request);
        if (max >= 0 && min > max) {
            throw Fields.invalidValue("min_tokens", min + " is more than the limit of " + max + " tokens.");
        }
        return min;
    }

    private static @Nullable String grammar(Fields request) throws ApiException {
        String grammar = request.string("grammar");
        return grammar == null || grammar.isBlank() ? null : grammar;
    }

    /** {@code logprobs} as a number, as plain completions have it. */
    public static int completionLogprobs(Fields request) throws ApiException {
        if (Boolean.FALSE.equals(request.raw("logprobs"))) {
            return -1;
        }
        return (int) orElse(request.integer("logprobs", 0, MAX_LOGPROBS), -1);
    }

    /** {@code logprobs} as a switch, with {@code top_logprobs}, as chats have it. */
    public static int chatLogprobs(Fields request) throws ApiException {
        int top = (int) orElse(request.integer("top_logprobs", 0, MAX_LOGPROBS), 0);
        if (request.bool("logprobs", false)) {
            return top;
        }
        if (top > 0) {
            throw Fields.invalidValue("top_logprobs", "it needs 'logprobs' to be true.");
        }
        return -1;
    }

    private static String salt(Fields request) throws ApiException {
        String salt = request.string("cache_salt");
        if (salt != null && salt.length() > MAX_SALT) {
            throw Fields.invalidValue("cache_salt", "at most " + MAX_SALT + " characters, not " + salt.length() + ".");
        }
        return salt == null ? "" : salt;
    }

    private static @Nullable Duration timeout(Fields request) throws ApiException {
        Float seconds = request.number("timeout", SHORTEST_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS);
        return seconds == null ? null : Duration.ofNanos((long) (seconds * 1e9));
    }

    private static List<Integer> stopTokens(Fields request) throws ApiException {
        Object value = request.raw("stop_token_ids");
        if (value == null) {
            return List.of();
        }
        int[] ids = Fields.tokens(value, "stop_token_ids");
        if (ids.length > MAX_STOPS) {
            throw Fields.invalidValue("stop_token_ids", "at most " + MAX_STOPS + " tokens, not " + ids.length + ".");
        }
        return Arrays.stream(ids).boxed().toList();
    }

    private static long orElse(@Nullable Long value, long absent) {
        return value == null ? absent : value;
    }

    private static @Nullable Integer integer(Fields request, String name, int min) throws ApiException {
        Long value = request.integer(name, min, Integer.MAX_VALUE);
        return value == null ? null : (Integer) value.intValue();
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
