package org.kvant.gguf;

import java.util.Arrays;

/**
 * A tensor in a file.
 *
 * @param name its name
 * @param type its type
 * @param shape 1 to 4 positive dimensions, the row length first (ggml's {@code ne}); a scalar is {@code [1]}
 * @param offset of its data in its part's data section, in bytes
 * @param part index of the part of a split file that holds it; 0 in a single file
 */
public record TensorInfo(String name, GgmlType type, long[] shape, long offset, int part) {
    public TensorInfo {
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Number of elements. */
    public long elements() {
        return Shapes.elements(shape);
    }

    /** Length of a row. */
    public long columns() {
        return shape[0];
    }

    /** Number of rows: the product of all dimensions but the first. */
    public long rows() {
        return elements() / shape[0];
    }

    /** Bytes of the data, without padding. */
    public long bytes() {
        return type.bytes(elements());
    }

    /** What a writer needs to know to write the same tensor. */
    public TensorSpec spec() {
        return new TensorSpec(name, type, shape);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo that
                && name.equals(that.name)
                && type == that.type
                && Arrays.equals(shape, that.shape)
                && offset == that.offset
                && part == that.part;
    }

    @Override
    public int hashCode() {
        return 31 * name.hashCode() + Long.hashCode(offset);
    }

    @Override
    public String toString() {
        return name + " " + type.label() + " " + Arrays.toString(shape) + " at " + offset + " of part " + part;
    }
}
