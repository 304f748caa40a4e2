package org.kvant.quantize;

import java.io.IOException;

/** A file can't be quantized as asked; the message names the file or tensor, the place and what would help. */
public final class QuantizeException extends IOException {
    private static final long serialVersionUID = 1L;

    public QuantizeException(String message) {
        super(message);
    }

    public QuantizeException(String message, Throwable cause) {
        super(message, cause);
    }
}
