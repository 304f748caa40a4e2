package org.kvant.network;

/** A model that cannot be computed here, or weights that do not fit it; the message names what, and what would. */
public final class NetworkException extends RuntimeException {

    public NetworkException(String message) {
        super(message);
    }

    public NetworkException(String message, Throwable cause) {
        super(message, cause);
    }
}
