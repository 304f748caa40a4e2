package org.kvant.convert;

import java.util.Locale;
import java.util.Optional;
import org.kvant.gguf.GgmlType;

/** What the matrices of the converted file are stored as; norms, biases and other vectors are always F32. */
public enum OutType {
    F32(GgmlType.F32, 0),
    F16(GgmlType.F16, 1),
    BF16(GgmlType.BF16, 32),
    /** The 16-bit type of the checkpoint's first 16-bit matrix; F16 for a checkpoint that has none. */
    AUTO(null, -1);

    private final @org.jspecify.annotations.Nullable GgmlType type;
    private final int fileType;

    OutType(@org.jspecify.annotations.Nullable GgmlType type, int fileType) {
        this.type = type;
        this.fileType = fileType;
    }

    /** The GGUF type of matrices; empty for {@link #AUTO}. */
    public Optional<GgmlType> type() {
        return Optional.ofNullable(type);
    }

    /** {@code general.file_type} as in llama.h's {@code llama_ftype}. */
    int fileType() {
        return fileType;
    }

    /** The name used on the command line. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
