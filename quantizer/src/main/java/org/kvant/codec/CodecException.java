package org.kvant.codec;

/** Values that a type cannot hold, or bytes and arguments that do not fit together. The message names the place. */
public final class CodecException extends RuntimeException {

    public CodecException(String message) {
        super(message);
    }
}
