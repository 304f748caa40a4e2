package org.kvant.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whole answers as JSON: {@code chat.completion} and {@code text_completion} objects. */
public final class CompletionJson {
    private CompletionJson() {}

    /**
     * @param choices in the order of their indices
     * @param times null leaves {@code timings} out
     */
    public static byte[] of(ResponseHead head, List<Choice> choices, TokenCounts usage, @Nullable PhaseTimes times) {
        return JsonText.bytes(json -> {
            head.writeTo(json, head.chat() ? "chat.completion" : "text_completion");
            json.writeArrayFieldStart("choices");
            for (int i = 0; i < choices.size(); i++) {
                choice(json, head.chat(), i, choices.get(i));
            }
            json.writeEndArray();
            usage.writeTo(json);
            if (times != null) {
                times.writeTo(json);
            }
            json.writeEndObject();
        });
    }

    private static void choice(JsonGenerator json, boolean chat, int index, Choice choice) throws IOException {
        json.writeStartObject();
        json.writeNumberField("index", index);
        if (chat) {
            json.writeObjectFieldStart("message");
            json.writeStringField("role", "assistant");
            json.writeStringField("content", choice.text());
            json.writeNullField("refusal");
            json.writeEndObject();
        } else {
            json.writeStringField("text", choice.text());
        }
        LogprobsJson.write(json, chat, choice.logprobs(), 0);
        json.writeStringField("finish_reason", choice.finishReason());
        json.writeEndObject();
    }
}
