package org.kvant.llama.loader;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.kvant.llama.ffi.llama_h;

/** Functions of the CPU backend, which is one of several libraries chosen when the program runs: they are found through its registry and not by name. */
final class CpuRegistry {
    private CpuRegistry() {}

    /** The function, or nothing if the CPU backend does not give it. The backends must have been loaded. */
    static Optional<MemorySegment> function(String name) {
        MemorySegment device = llama_h.ggml_backend_dev_by_type(llama_h.GGML_BACKEND_DEVICE_TYPE_CPU());
        if (device.equals(MemorySegment.NULL)) {
            return Optional.empty();
        }
        MemorySegment registry = llama_h.ggml_backend_dev_backend_reg(device);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found = llama_h.ggml_backend_reg_get_proc_address(registry, arena.allocateFrom(name));
            return found.equals(MemorySegment.NULL) ? Optional.empty() : Optional.of(found);
        }
    }
}
