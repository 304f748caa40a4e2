package org.kvant.http;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.Engine;
import org.kvant.engine.EngineState;
import org.kvant.engine.Generation;
import org.kvant.engine.GenerationRequest;
import org.kvant.engine.ModelInfo;
import org.kvant.engine.QueueFullException;
import org.kvant.engine.RequestRejectedException;
import org.kvant.engine.TokenSink;
import org.kvant.engine.Tokenizer;
import org.kvant.llama.ChatMessage;
import org.kvant.llama.UnsupportedTemplateException;
import org.kvant.openai.ApiError;
import org.kvant.openai.ApiException;
import org.kvant.openai.ChatTurn;

/** The real engine. */
record EngineInference(Engine engine) implements Inference {
    @Override
    public EngineState state() {
        return engine.state();
    }

    @Override
    public @Nullable Throwable failure() {
        return engine.failure();
    }

    @Override
    public ModelInfo model() {
        return engine.model();
    }

    @Override
    public Tokenizer tokenizer() {
        return engine.tokenizer();
    }

    @Override
    public String applyChatTemplate(List<ChatTurn> messages, boolean addAssistant) throws ApiException {
        List<ChatMessage> turns = messages.stream()
                .map(turn -> new ChatMessage(turn.role(), turn.content()))
                .toList();
        try {
            return engine.applyChatTemplate(turns, addAssistant);
        } catch (UnsupportedTemplateException e) {
            throw new ApiException(ApiError.invalid(
                    e.getMessage() + " Use /v1/completions with the whole prompt as text instead.",
                    "messages",
                    "unsupported_chat_template"));
        }
    }

    @Override
    public Generation submit(GenerationRequest request, TokenSink sink)
            throws QueueFullException, RequestRejectedException {
        return engine.submit(request, sink);
    }
}
