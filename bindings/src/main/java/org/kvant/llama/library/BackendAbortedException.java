package org.kvant.llama.library;

/** ggml has hit a fatal error: nothing native may be called again in this process. */
public final class BackendAbortedException extends LlamaException {
    private static final long serialVersionUID = 1L;

    BackendAbortedException(String reason) {
        super("ggml has aborted and cannot be used again in this process: " + reason);
    }
}
