package org.kvant.engine.host;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvant.engine.EngineNotReadyException;
import org.kvant.engine.request.Generation;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.request.QueueFullException;
import org.kvant.engine.request.RequestRejectedException;
import org.kvant.engine.request.TokenSink;
import org.kvant.engine.runtime.ModelInfo;
import org.kvant.engine.runtime.ModelTemplates;
import org.kvant.engine.runtime.Tokenizer;
import org.kvant.engine.watch.EngineSnapshot;
import org.kvant.engine.watch.ThreadCounts;
import org.kvant.llama.ChatMessage;
import org.kvant.llama.UnsupportedTemplateException;

/**
 * A model that requests name. An interface, so that it can run in this process or in another one (docs/decisions). Thread-safe; everything but the name, the
 * state and the snapshot needs it to be loaded and throws {@link EngineNotReadyException} before.
 */
public interface ServedModel {
    String name();

    ModelState state();

    /** Why it is {@link ModelState#FAILED}; else null. */
    @Nullable
    Throwable failure();

    /** Unix time in seconds at which it became ready; 0 if it never was. */
    long readySince();

    ModelInfo info();

    Tokenizer tokenizer();

    /** The chat templates in its file. */
    ModelTemplates templates();

    ThreadCounts threads();

    /**
     * The prompt for a conversation by that one of llama.cpp's built-in templates which resembles the model's own.
     *
     * @param addAssistant whether the prompt ends with the beginning of the assistant's answer
     * @throws UnsupportedTemplateException if the model has no template or one that isn't known
     */
    String applyChatTemplate(List<ChatMessage> messages, boolean addAssistant) throws UnsupportedTemplateException;

    /**
     * Admits a request. The sink's calls come from a thread of the model's and may begin before this returns.
     *
     * @throws QueueFullException if too many requests wait
     * @throws RequestRejectedException if this request can never be served
     */
    Generation submit(GenerationRequest request, TokenSink sink) throws QueueFullException, RequestRejectedException;

    /** Gauges; zeros while it isn't loaded. */
    EngineSnapshot snapshot();
}
