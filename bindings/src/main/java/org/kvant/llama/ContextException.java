package org.kvant.llama;

import org.kvant.llama.library.LlamaException;

/** A context could not be created with the options given; the message has llama.cpp's reason. */
public final class ContextException extends LlamaException {
    private static final long serialVersionUID = 1L;

    ContextException(String message) {
        super(message);
    }
}
