package org.kvant.llama.eval;

import org.kvant.llama.library.LlamaException;

/** An {@link EvalCallback} threw, which is the cause; the decode was ended, and the context's memory must be cleared. */
public final class EvalCallbackException extends LlamaException {
    EvalCallbackException(Throwable cause) {
        super("the eval callback failed: " + cause, cause);
    }
}
