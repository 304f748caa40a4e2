package org.kvant.llama.library;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ffi.ggml_abort_callback_t;
import org.kvant.llama.ffi.llama_h;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens when ggml hits a fatal error ({@code GGML_ABORT}, {@code GGML_ASSERT}). ggml calls {@code abort()} as soon
 * as its callback returns, and its state is undefined, so the thread is parked for good and the handlers get the time
 * to answer what is in flight and to end the process.
 */
public final class NativeAbort {
    private static final Logger LOG = LoggerFactory.getLogger("ggml");
    private static final List<Consumer<String>> HANDLERS = new CopyOnWriteArrayList<>();
    private static volatile @Nullable String reason;

    private NativeAbort() {}

    public static void install() {
        var unused =
                llama_h.ggml_set_abort_callback(ggml_abort_callback_t.allocate(NativeAbort::aborted, Arena.global()));
    }

    public static void addHandler(Consumer<String> handler) {
        HANDLERS.add(handler);
    }

    public static boolean hasAborted() {
        return reason != null;
    }

    /** Every call into the library begins here. */
    public static void check() {
        String why = reason;
        if (why != null) {
            throw new BackendAbortedException(why);
        }
    }

    private static void aborted(MemorySegment message) {
        try {
            String why = message.equals(MemorySegment.NULL)
                    ? "no message"
                    : message.getString(0).strip();
            reason = why;
            LOG.error("fatal: {}", why);
            if (HANDLERS.isEmpty()) {
                return; // Nobody will end the process in an orderly way: let ggml do it.
            }
            // On a thread of their own: this one may hold locks that a handler needs, and never goes on.
            Thread handlers = new Thread(() -> HANDLERS.forEach(h -> run(h, why)), "ggml-abort");
            handlers.setDaemon(true);
            handlers.start();
        } catch (Throwable t) {
            return; // An exception would end the JVM just as abort() does, with a worse message.
        }
        while (true) {
            LockSupport.park();
        }
    }

    private static void run(Consumer<String> handler, String why) {
        try {
            handler.accept(why);
        } catch (RuntimeException e) {
            LOG.error("an abort handler failed", e);
        }
    }
}
