package org.kvant.gguf;

import java.util.Arrays;

/**
 * A tensor to be written.
 *
 * @param name its name, at most 63 bytes of UTF-8
 * @param type its type; the row length is a whole number of the type's blocks
 * @param shape 1 to 4 positive dimensions, the row length first
 */
public record TensorSpec(String name, GgmlType type, long[] shape) {
    /** @throws IllegalArgumentException if ggml would refuse the tensor */
    public TensorSpec {
        shape = shape.clone();
        Shapes.check(name, type, shape).ifPresent(problem -> {
            throw new IllegalArgumentException("tensor '" + Printable.oneLine(name) + "': " + problem);
        });
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long elements() {
        return Shapes.elements(shape);
    }

    /** Bytes of the data, without padding. */
    public long bytes() {
        return type.bytes(elements());
    }

    /** The same tensor in another type. */
    public TensorSpec withType(GgmlType other) {
        return new TensorSpec(name, other, shape);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorSpec that
                && name.equals(that.name)
                && type == that.type
                && Arrays.equals(shape, that.shape);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * name.hashCode() + type.hashCode()) + Arrays.hashCode(shape);
    }

    @Override
    public String toString() {
        return name + " " + type.label() + " " + Arrays.toString(shape);
    }
}
