package org.kvant.gguf;

import java.util.Optional;

/** Type of a metadata value: {@code enum gguf_type} in {@code gguf.h}. */
public enum ValueType {
    U8("u8", 1),
    I8("i8", 1),
    U16("u16", 2),
    I16("i16", 2),
    U32("u32", 4),
    I32("i32", 4),
    F32("f32", 4),
    BOOL("bool", 1),
    STRING("str", 0),
    ARRAY("arr", 0),
    U64("u64", 8),
    I64("i64", 8),
    F64("f64", 8);

    private static final ValueType[] VALUES = values();

    private final String ggufName;
    private final int size;

    ValueType(String ggufName, int size) {
        this.ggufName = ggufName;
        this.size = size;
    }

    /** The value stored in files. */
    public int id() {
        return ordinal();
    }

    /** ggml's name for it, such as {@code u32}. */
    public String ggufName() {
        return ggufName;
    }

    /** Bytes of one value in a file; 0 for strings and arrays, which vary. */
    public int size() {
        return size;
    }

    /** Whether values are whole numbers. */
    public boolean integer() {
        return size > 0 && this != F32 && this != F64 && this != BOOL;
    }

    static Optional<ValueType> ofId(int id) {
        return id >= 0 && id < VALUES.length ? Optional.of(VALUES[id]) : Optional.empty();
    }
}
