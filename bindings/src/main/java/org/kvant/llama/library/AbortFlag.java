package org.kvant.llama.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kvant.llama.ffi.ggml_abort_callback;
import org.kvant.llama.loader.NativeLibraries;

/**
 * Tells a running decode to stop. ggml asks its abort callback before every node of the graph, several hundred times a
 * token. The callback is the C library's {@code strlen} with a C string as its data: {@code ""} gives 0, go on;
 * {@code "\1"} gives 1, stop. So asking costs no upcall, and stopping is a store from any thread.
 */
public final class AbortFlag implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment text = arena.allocate(8);
    private final MemorySegment callback;
    private boolean requested;
    private boolean held;

    public AbortFlag() {
        callback = NativeLibraries.cFunction("strlen")
                .orElseGet(() -> ggml_abort_callback.allocate(AbortFlag::raised, arena));
    }

    /** Where the C library hides {@code strlen}. */
    private static boolean raised(MemorySegment data) {
        try {
            return data.reinterpret(1).get(ValueLayout.JAVA_BYTE, 0) != 0;
        } catch (Throwable t) {
            return true;
        }
    }

    public MemorySegment callback() {
        return callback;
    }

    public MemorySegment data() {
        return text;
    }

    /** Any thread. */
    public synchronized void raise() {
        requested = true;
        if (!held) {
            set(true);
        }
    }

    public synchronized void clear() {
        requested = false;
        if (!held) {
            set(false);
        }
    }

    /** Stops the next decode, or none, whatever is raised until {@link #release}. */
    public synchronized void hold(boolean stop) {
        held = true;
        set(stop);
    }

    /** What was raised before or meanwhile, and not cleared, counts again. */
    public synchronized void release() {
        held = false;
        set(requested);
    }

    private void set(boolean stop) {
        try {
            text.set(ValueLayout.JAVA_BYTE, 0, (byte) (stop ? 1 : 0));
        } catch (IllegalStateException closed) {
            // The context is gone: nothing is left to stop.
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
