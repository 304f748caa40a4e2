package org.kvant.api;

import org.jspecify.annotations.Nullable;
import org.kvant.api.common.ApiException;
import org.kvant.chat.ChatPrompts;
import org.kvant.engine.runtime.Tokenizer;

/** A wire format of requests that are answered at once, without generating anything: one body, one JSON object. Thread-safe. */
public interface Query {
    /** What such requests need of a model. */
    interface Model {
        Tokenizer tokenizer();

        /** What makes the prompts of chats. */
        ChatPrompts chatPrompts();
    }

    /** Finds models. */
    interface Models {
        /**
         * The model that a request asks for.
         *
         * @param name null for the first
         * @throws ApiException with status 404 if there is none of this name, 503 if it isn't ready
         */
        Model find(@Nullable String name) throws ApiException;
    }

    /** Where its requests are posted to. */
    String path();

    /** @throws ApiException if the body is not such a request, or can't be answered */
    byte[] answer(Models models, byte[] body) throws ApiException;
}
