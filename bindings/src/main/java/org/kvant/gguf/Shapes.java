package org.kvant.gguf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** What ggml requires of a tensor's name, type and dimensions ({@code gguf_init_from_reader} in {@code gguf.cpp}). */
final class Shapes {
    static final int MAX_DIMS = 4;
    /** {@code GGML_MAX_NAME} counts the terminating zero. */
    static final int MAX_NAME_BYTES = 63;

    private Shapes() {}

    static long elements(long[] shape) {
        long product = 1;
        for (long dim : shape) {
            product = Math.multiplyExact(product, dim);
        }
        return product;
    }

    /** What is wrong, if anything. */
    static Optional<String> check(String name, GgmlType type, long[] shape) {
        return checkName(name).or(() -> checkShape(type, shape));
    }

    static Optional<String> checkName(String name) {
        if (name.isEmpty()) {
            return Optional.of("the name is empty");
        }
        if (name.indexOf('\0') >= 0) {
            return Optional.of("the name contains a zero byte");
        }
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        return bytes > MAX_NAME_BYTES
                ? Optional.of("the name has " + bytes + " bytes; ggml allows " + MAX_NAME_BYTES)
                : Optional.empty();
    }

    static Optional<String> checkShape(GgmlType type, long[] shape) {
        if (shape.length < 1 || shape.length > MAX_DIMS) {
            return Optional.of(shape.length + " dimensions; there must be 1 to " + MAX_DIMS);
        }
        // ggml refuses products that reach INT64_MAX; the same bound on bytes keeps offsets representable.
        long elements = 1;
        for (long dim : shape) {
            if (dim <= 0) {
                return Optional.of("dimension " + dim + " in shape " + Arrays.toString(shape) + " is not positive");
            }
            if (elements > (Long.MAX_VALUE - 1) / dim) {
                return Optional.of("the number of elements of shape " + Arrays.toString(shape) + " overflows 64 bits");
            }
            elements *= dim;
        }
        if (shape[0] % type.blockSize() != 0) {
            return Optional.of("a row of " + shape[0] + " elements is not a whole number of " + type.label()
                    + " blocks of " + type.blockSize());
        }
        if (elements / type.blockSize() > Long.MAX_VALUE / type.typeSize()) {
            return Optional.of("the number of bytes of shape " + Arrays.toString(shape) + " overflows 64 bits");
        }
        return Optional.empty();
    }
}
