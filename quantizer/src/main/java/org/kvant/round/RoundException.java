package org.kvant.round;

/** A matrix, a Hessian or options that cannot be used; the message says which and why. */
public final class RoundException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public RoundException(String message) {
        super(message);
    }
}
