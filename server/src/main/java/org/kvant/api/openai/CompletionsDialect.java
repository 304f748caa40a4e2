package org.kvant.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.api.AnswerEvents;
import org.kvant.api.Dialect;
import org.kvant.api.GenerationBody;
import org.kvant.api.common.ApiException;
import org.kvant.api.common.Choice;
import org.kvant.api.common.LoggedToken;
import org.kvant.api.common.PhaseTimes;
import org.kvant.api.common.ResponseHead;
import org.kvant.api.common.TokenCounts;

/** {@code POST /v1/completions}: {@code text_completion} objects. */
public final class CompletionsDialect implements Dialect {
    private static final Shape SHAPE = new Shape() {
        @Override
        public String object() {
            return "text_completion";
        }

        @Override
        public String chunk() {
            return "text_completion";
        }

        @Override
        public String beforeText() {
            return ",\"text\":\"";
        }

        @Override
        public String afterText() {
            return "\"";
        }

        @Override
        public boolean opens() {
            return false;
        }

        @Override
        public void piece(JsonGenerator json, @Nullable String text) throws IOException {
            json.writeStringField("text", text == null ? "" : text);
        }

        @Override
        public void message(JsonGenerator json, String text) throws IOException {
            json.writeStringField("text", text);
        }

        @Override
        public void logprobs(JsonGenerator json, List<LoggedToken> tokens, int offset) throws IOException {
            LogprobsJson.completion(json, tokens, offset);
        }
    };

    @Override
    public String path() {
        return "/v1/completions";
    }

    @Override
    public String operation() {
        return "text_completion";
    }

    @Override
    public String idPrefix() {
        return "cmpl-";
    }

    @Override
    public GenerationBody parse(byte[] body) throws ApiException {
        CompletionRequest request = CompletionRequest.parse(body);
        return new GenerationBody(
                request.model(), new GenerationBody.Prompts(request.prompts(), request.echo()), request.parameters());
    }

    @Override
    public AnswerEvents events(ResponseHead head, boolean usageFollows) {
        return new CompletionEvents(SHAPE, head, usageFollows);
    }

    @Override
    public byte[] whole(ResponseHead head, List<Choice> choices, TokenCounts usage, @Nullable PhaseTimes times) {
        return CompletionJson.of(SHAPE, head, choices, usage, times);
    }
}
