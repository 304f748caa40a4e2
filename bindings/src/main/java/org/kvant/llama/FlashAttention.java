package org.kvant.llama;

import org.kvant.llama.ffi.llama_h;

/** When flash attention is used. */
public enum FlashAttention {
    /** If the device that holds a layer supports it. A quantized V cache turns it on. */
    AUTO,
    ENABLED,
    DISABLED;

    int nativeValue() {
        return switch (this) {
            case AUTO -> llama_h.LLAMA_FLASH_ATTN_TYPE_AUTO();
            case ENABLED -> llama_h.LLAMA_FLASH_ATTN_TYPE_ENABLED();
            case DISABLED -> llama_h.LLAMA_FLASH_ATTN_TYPE_DISABLED();
        };
    }
}
