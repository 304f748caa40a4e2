package org.kvant.llama.library;

/** Bounds of the pinned llama.cpp, and of what it can compute with. */
public final class Limits {
    /** {@code LLAMA_MAX_SEQ}. */
    public static final int SEQUENCES = 256;

    /** {@code GGML_MAX_N_THREADS}. */
    public static final int THREADS = 512;

    /** Tokens of a context: more overflow llama.cpp's 32-bit arithmetic, or no machine's memory holds them. */
    public static final int CONTEXT = 1 << 26;

    private Limits() {}
}
