package org.kvant.quantize;

import org.kvant.gguf.GgmlType;
import org.kvant.gguf.TensorInfo;

/**
 * A tensor and what becomes of it.
 *
 * @param source as it is in the input
 * @param type its type in the output
 * @param wanted the type that the plan would have given it if its row length allowed; else the same as {@code type}
 * @param needsImatrix whether the result would be poor without an importance matrix
 */
public record PlannedTensor(TensorInfo source, GgmlType type, GgmlType wanted, boolean needsImatrix) {
    /** A tensor that is copied as it is. */
    static PlannedTensor kept(TensorInfo source) {
        return new PlannedTensor(source, source.type(), source.type(), false);
    }

    public String name() {
        return source.name();
    }

    /** Whether the data is copied, not encoded anew. */
    public boolean copied() {
        return type == source.type();
    }

    /** Whether the row length forced another type than the wanted one. */
    public boolean fellBack() {
        return type != wanted;
    }

    /** Size of the data in the output, without padding. */
    public long bytes() {
        return type.bytes(source.elements());
    }
}
