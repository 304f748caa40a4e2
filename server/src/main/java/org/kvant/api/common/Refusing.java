package org.kvant.api.common;

/** Something that only the library behind a tokenizer or a template finds fault with. */
public final class Refusing {
    /** A step whose input may be at fault. */
    @FunctionalInterface
    public interface Step<T> {
        T take() throws ApiException;
    }

    private Refusing() {}

    /** @throws ApiException with status 400 that names {@code path} if the step calls its input an illegal argument */
    public static <T> T arguments(String path, Step<T> step) throws ApiException {
        try {
            return step.take();
        } catch (IllegalArgumentException e) {
            throw new ApiException(ApiError.invalid(
                    "Invalid value for '" + path + "': " + e.getMessage() + ".", path, "invalid_value"));
        }
    }
}
