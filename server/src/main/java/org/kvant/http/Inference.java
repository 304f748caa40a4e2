package org.kvant.http;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.EngineState;
import org.kvant.engine.Generation;
import org.kvant.engine.GenerationRequest;
import org.kvant.engine.ModelInfo;
import org.kvant.engine.QueueFullException;
import org.kvant.engine.RequestRejectedException;
import org.kvant.engine.TokenSink;
import org.kvant.engine.Tokenizer;
import org.kvant.openai.ApiException;
import org.kvant.openai.ChatTurn;

/** What the routes need of an engine; all of it thread-safe. A test puts a scripted one here. */
interface Inference {
    EngineState state();

    /** Why the state is {@link EngineState#FAILED}; else null. */
    @Nullable
    Throwable failure();

    ModelInfo model();

    Tokenizer tokenizer();

    /**
     * The prompt of a chat by the model's template.
     *
     * @param addAssistant whether it ends with the opening of the assistant's turn
     * @throws ApiException with status 400 if the model has no template, or one that the library doesn't know
     */
    String applyChatTemplate(List<ChatTurn> messages, boolean addAssistant) throws ApiException;

    /** Returns at once; the sink is called on the decode thread. */
    Generation submit(GenerationRequest request, TokenSink sink) throws QueueFullException, RequestRejectedException;
}
