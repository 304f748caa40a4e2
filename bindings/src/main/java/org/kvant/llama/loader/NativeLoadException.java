package org.kvant.llama.loader;

/** The llama.cpp libraries were not found, are not the pinned version, or could not be loaded; the message says what was tried. */
public final class NativeLoadException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NativeLoadException(String message) {
        super(message);
    }

    public NativeLoadException(String message, Throwable cause) {
        super(message, cause);
    }
}
