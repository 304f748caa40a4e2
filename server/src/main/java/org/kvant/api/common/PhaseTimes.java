package org.kvant.api.common;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/**
 * The extra object {@code timings} with llama-server's names, and {@code queue_ms} besides. Rates of a phase that took no time are 0.
 *
 * @param cachedTokens {@code cache_n}: prompt tokens taken from the cache
 * @param promptTokens {@code prompt_n}: prompt tokens computed
 * @param generatedTokens {@code predicted_n}
 * @param draftedTokens {@code draft_n}: tokens guessed ahead; left out if there are none
 * @param acceptedTokens {@code draft_n_accepted}: how many of those came true
 * @param queueMillis {@code queue_ms}: from admission to the start
 * @param promptMillis {@code prompt_ms}: from the start until the prompt was computed
 * @param generationMillis {@code predicted_ms}: from the first token to the end
 */
public record PhaseTimes(
        int cachedTokens,
        int promptTokens,
        int generatedTokens,
        int draftedTokens,
        int acceptedTokens,
        double queueMillis,
        double promptMillis,
        double generationMillis) {

    /** The field {@code timings} of an object that is open in {@code json}. */
    public void writeTo(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("timings");
        json.writeNumberField("queue_ms", rounded(queueMillis));
        json.writeNumberField("cache_n", cachedTokens);
        phase(json, "prompt", promptTokens, promptMillis);
        phase(json, "predicted", generatedTokens, generationMillis);
        if (draftedTokens > 0) {
            json.writeNumberField("draft_n", draftedTokens);
            json.writeNumberField("draft_n_accepted", acceptedTokens);
        }
        json.writeEndObject();
    }

    private static void phase(JsonGenerator json, String name, int tokens, double millis) throws IOException {
        json.writeNumberField(name + "_n", tokens);
        json.writeNumberField(name + "_ms", rounded(millis));
        json.writeNumberField(name + "_per_token_ms", tokens == 0 ? 0 : rounded(millis / tokens));
        json.writeNumberField(name + "_per_second", millis == 0 ? 0 : rounded(tokens * 1e3 / millis));
    }

    /** To microseconds: further digits are noise, and there are many of them. */
    private static double rounded(double value) {
        return Math.round(value * 1e3) / 1e3;
    }
}
