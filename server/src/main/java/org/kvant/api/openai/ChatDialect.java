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

/** {@code POST /v1/chat/completions}: {@code chat.completion} and {@code chat.completion.chunk} objects. */
public final class ChatDialect implements Dialect {
    private static final Shape SHAPE = new Shape() {
        @Override
        public String object() {
            return "chat.completion";
        }

        @Override
        public String chunk() {
            return "chat.completion.chunk";
        }

        @Override
        public String beforeText() {
            return ",\"delta\":{\"content\":\"";
        }

        @Override
        public String afterText() {
            return "\"}";
        }

        @Override
        public boolean opens() {
            return true;
        }

        @Override
        public void piece(JsonGenerator json, @Nullable String text) throws IOException {
            json.writeObjectFieldStart("delta");
            if (text != null) {
                json.writeStringField("content", text);
            }
            json.writeEndObject();
        }

        @Override
        public void message(JsonGenerator json, String text) throws IOException {
            json.writeObjectFieldStart("message");
            json.writeStringField("role", "assistant");
            json.writeStringField("content", text);
            json.writeNullField("refusal");
            json.writeEndObject();
        }

        @Override
        public void logprobs(JsonGenerator json, List<LoggedToken> tokens, int offset) throws IOException {
            LogprobsJson.chat(json, tokens);
        }
    };

    @Override
    public String path() {
        return "/v1/chat/completions";
    }

    @Override
    public String operation() {
        return "chat";
    }

    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public GenerationBody parse(byte[] body) throws ApiException {
        ChatRequest request = ChatRequest.parse(body);
        return new GenerationBody(
                request.model(), new GenerationBody.Chat(request.conversation()), request.parameters());
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
