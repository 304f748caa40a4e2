package org.kvant.http;

import org.jspecify.annotations.Nullable;
import org.kvant.chat.ChatPrompts;
import org.kvant.chat.ModelPrompts;
import org.kvant.engine.host.ServedModel;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.engine.watch.EngineState;

/** A model of a registry. */
record ModelInference(ServedModel served, ModelPrompts prompts) implements Inference {
    @Override
    public EngineState state() {
        return switch (served.state()) {
            case LOADING -> EngineState.LOADING;
            case READY -> EngineState.READY;
            case DRAINING -> EngineState.DRAINING;
            case UNLOADED -> EngineState.STOPPED;
            case FAILED -> EngineState.FAILED;
        };
    }

    @Override
    public @Nullable Throwable failure() {
        return served.failure();
    }

    @Override
    public ModelInfo model() {
        return served.info();
    }

    @Override
    public Tokenizer tokenizer() {
        return served.tokenizer();
    }

    @Override
    public ChatPrompts chatPrompts() {
        return prompts.get();
    }

    @Override
    public Generation submit(GenerationRequest request, TokenSink sink)
            throws QueueFullException, RequestRejectedException {
        return served.submit(request, sink);
    }
}
