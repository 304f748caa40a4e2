package org.kvant.llama.attention;

import static org.kvant.llama.library.NativeMemory.getInt;
import static org.kvant.llama.library.NativeMemory.getLong;

import org.kvant.llama.ffi.ggml_tensor;

/** Fields of a {@code ggml_tensor} at an address. */
final class TensorFields {
    private TensorFields() {}

    static int type(long tensor) {
        return getInt(tensor + ggml_tensor.type$offset());
    }

    static long size(long tensor, int dimension) {
        return getLong(tensor + ggml_tensor.ne$offset() + (long) dimension * Long.BYTES);
    }

    /** In bytes. */
    static long stride(long tensor, int dimension) {
        return getLong(tensor + ggml_tensor.nb$offset() + (long) dimension * Long.BYTES);
    }

    static long data(long tensor) {
        return getLong(tensor + ggml_tensor.data$offset());
    }

    static long source(long tensor, int index) {
        return getLong(tensor + ggml_tensor.src$offset() + (long) index * Long.BYTES);
    }
}
