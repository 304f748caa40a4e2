package org.kvant.llama;

import org.kvant.llama.library.LlamaException;

/** {@code llama_decode} failed; the message says what is left in the context's memory. */
public final class DecodeException extends LlamaException {
    private static final long serialVersionUID = 1L;

    private final int code;

    public DecodeException(int code, String message) {
        super(message);
        this.code = code;
    }

    /** llama.cpp's return code, negative: -1 leaves the memory as it was, lower ones leave the processed part of the batch in it. */
    public int code() {
        return code;
    }
}
