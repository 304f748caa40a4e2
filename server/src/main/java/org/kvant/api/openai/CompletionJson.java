package org.kvant.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.common.Choice;
import org.kvant.api.common.JsonText;
import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.ResponseHead;
import org.kvant.api.common.TokenCounts;

/** Whole answers as JSON: {@code chat.completion} and {@code text_completion} objects. */
final class CompletionJson {
    private CompletionJson() {}

    /**
     * @param choices in the order of their indices
     * @param times null leaves {@code timings} out
     */
    static byte[] of(
            Shape shape, ResponseHead head, List<Choice> choices, TokenCounts usage, @Nullable PhaseTimes times) {
        return JsonText.bytes(json -> {
            head.writeTo(json, shape.object());
            json.writeArrayFieldStart("choices");
            for (int i = 0; i < choices.size(); i++) {
                choice(json, shape, i, choices.get(i));
            }
            json.writeEndArray();
            usage.writeTo(json);
            if (times != null) {
                times.writeTo(json);
            }
            json.writeEndObject();
        });
    }

    private static void choice(JsonGenerator json, Shape shape, int index, Choice choice) throws IOException {
        json.writeStartObject();
        json.writeNumberField("index", index);
        shape.message(json, choice.text());
        LogprobsJson.write(json, shape, choice.logprobs(), 0);
        json.writeStringField("finish_reason", choice.finishReason());
        json.writeEndObject();
    }
}
