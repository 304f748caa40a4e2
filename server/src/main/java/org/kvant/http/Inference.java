package org.kvant.http;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.EngineState;
import org.kvant.engine.Generation;
import org.kvant.engine.GenerationRequest;
import org.kvant.engine.ModelInfo;
import org.kvant.engine.QueueFullException;
import org.kvant.engine.RequestRejectedException;
import org.kvant.engine.TokenSink;
import org.kvant.engine.Tokenizer;
import org.kvant.openai.ChatPrompts;

/** What the routes need of an engine; all of it thread-safe. A test puts a scripted one here. */
interface Inference {
    EngineState state();

    /** Why the state is {@link EngineState#FAILED}; else null. */
    @Nullable
    Throwable failure();

    ModelInfo model();

    Tokenizer tokenizer();

    /** What makes the prompts of chats: the model's template. */
    ChatPrompts chatPrompts();

    /** Returns at once; the sink is called on the decode thread. */
    Generation submit(GenerationRequest request, TokenSink sink) throws QueueFullException, RequestRejectedException;
}
