package org.kvant.http;

import org.jspecify.annotations.Nullable;
import org.kvant.chat.ChatPrompts;
import org.kvant.chat.ModelPrompts;
import org.kvant.engine.Engine;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.engine.watch.EngineState;

/** The real engine. */
record EngineInference(Engine engine, ModelPrompts prompts) implements Inference {
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
    public ChatPrompts chatPrompts() {
        return prompts.get();
    }

    @Override
    public Generation submit(GenerationRequest request, TokenSink sink)
            throws QueueFullException, RequestRejectedException {
        return engine.submit(request, sink);
    }
}
