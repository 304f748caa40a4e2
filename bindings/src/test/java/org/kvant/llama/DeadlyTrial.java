package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.BackendAbortedException;

/** Runs in a {@link ChildJvm} and makes ggml assert, past all checks. With an argument, an abort handler ends the process. */
public final class DeadlyTrial {
    private DeadlyTrial() {}

    public static void main(String[] args) {
        Backend backend = Backend.load();
        if (args.length > 0) {
            backend.onAbort(message -> {
                System.out.println("HANDLER " + message);
                try {
                    backend.devices();
                } catch (BackendAbortedException e) {
                    System.out.println("REFUSED " + e.getMessage());
                }
                System.out.flush();
                Runtime.getRuntime().halt(70);
            });
        }
        System.out.println("ALIVE");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate(ValueLayout.JAVA_FLOAT, 64);
            MemorySegment bytes = arena.allocate(64);
            // The start must be a multiple of the block size.
            var unused =
                    llama_h.ggml_quantize_chunk(llama_h.GGML_TYPE_Q4_0(), floats, bytes, 1, 1, 32, MemorySegment.NULL);
        }
        System.out.println("DONE");
    }
}
