package org.kvant.api.common;

/** Carries an {@link ApiError} to whoever answers the request. Its stack trace is left out: the cause is the request. */
public final class ApiException extends Exception {
    private final transient ApiError error;

    public ApiException(ApiError error) {
        super(error.message(), null, false, false);
        this.error = error;
    }

    public ApiError error() {
        return error;
    }
}
