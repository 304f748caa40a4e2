package org.kvant.llama.modelfile;

import org.kvant.llama.ffi.llama_h;

/** How a model's weights get into memory. */
public enum LoadMode {
    /** llama.cpp decides by what the devices can do. */
    AUTO,
    /** Reads the file into memory: slower to start, safe when the file may be overwritten. */
    READ,
    /** Maps the file. It must not be truncated while the model is open: replace model files by renaming. */
    MMAP,
    /** Reads the file and locks it in memory. */
    MLOCK,
    /** Maps the file and locks it in memory. */
    MMAP_MLOCK,
    /** Reads past the page cache where the system can. */
    DIRECT_IO;

    int nativeValue() {
        return switch (this) {
            case AUTO -> llama_h.LLAMA_LOAD_MODE_AUTO();
            case READ -> llama_h.LLAMA_LOAD_MODE_NONE();
            case MMAP -> llama_h.LLAMA_LOAD_MODE_MMAP();
            case MLOCK -> llama_h.LLAMA_LOAD_MODE_MLOCK();
            case MMAP_MLOCK -> llama_h.LLAMA_LOAD_MODE_MMAP_MLOCK();
            case DIRECT_IO -> llama_h.LLAMA_LOAD_MODE_DIRECT_IO();
        };
    }
}
