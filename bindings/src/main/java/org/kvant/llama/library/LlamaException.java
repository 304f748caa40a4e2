package org.kvant.llama.library;

/** llama.cpp refused or failed at something that its caller asked for correctly. Misuse is an {@code IllegalArgumentException} or {@code IllegalStateException} instead. */
public class LlamaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public LlamaException(String message) {
        super(message);
    }

    public LlamaException(String message, Throwable cause) {
        super(message, cause);
    }
}
