package org.kvant.api.common;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/**
 * OpenAI's {@code usage}.
 *
 * @param prompt tokens of the prompts, cached ones included
 * @param cached prompt tokens that weren't computed again
 * @param completion generated tokens
 * @param accepted how many of them had been guessed ahead
 * @param rejected guessed tokens that didn't come true; they aren't part of {@code completion}
 */
public record TokenCounts(long prompt, long cached, long completion, long accepted, long rejected) {
    public static final TokenCounts NONE = new TokenCounts(0, 0, 0, 0, 0);

    public TokenCounts plus(TokenCounts other) {
        return new TokenCounts(
                prompt + other.prompt,
                cached + other.cached,
                completion + other.completion,
                accepted + other.accepted,
                rejected + other.rejected);
    }

    /** The field {@code usage} of an object that is open in {@code json}. */
    public void writeTo(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("usage");
        json.writeNumberField("prompt_tokens", prompt);
        json.writeNumberField("completion_tokens", completion);
        json.writeNumberField("total_tokens", prompt + completion);
        json.writeObjectFieldStart("prompt_tokens_details");
        json.writeNumberField("cached_tokens", cached);
        json.writeEndObject();
        json.writeObjectFieldStart("completion_tokens_details");
        json.writeNumberField("accepted_prediction_tokens", accepted);
        json.writeNumberField("rejected_prediction_tokens", rejected);
        json.writeEndObject();
        json.writeEndObject();
    }
}
