package org.kvant.evaluate;

import org.kvant.gguf.GgmlType;

/** Types of the K and the V cache. */
public record KvTypes(GgmlType k, GgmlType v) {
    /** What a reference has. */
    public static final KvTypes F16 = new KvTypes(GgmlType.F16, GgmlType.F16);

    /** Such as {@code q8_0/q4_0}. */
    @Override
    public String toString() {
        return k.ggmlName() + "/" + v.ggmlName();
    }
}
