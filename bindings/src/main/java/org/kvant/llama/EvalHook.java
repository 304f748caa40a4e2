package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ffi.ggml_backend_sched_eval_callback;

/**
 * The native end of an {@link EvalCallback}. An exception must not leave an upcall, because it would end the JVM: it is kept until the decode
 * has returned. Used on the context's thread only.
 */
final class EvalHook implements AutoCloseable {
    /** Shared, since a context may be handed over to another thread; only one thread uses it at a time. */
    private final Arena arena = Arena.ofShared();

    private final EvalCallback callback;
    private final Runnable stopDecode;
    private final MemorySegment stub;
    private @Nullable Throwable failure;
    private boolean incomplete;

    /** @param stopDecode ends the running decode early; called after a failure */
    EvalHook(EvalCallback callback, Runnable stopDecode) {
        this.callback = callback;
        this.stopDecode = stopDecode;
        this.stub = ggml_backend_sched_eval_callback.allocate(this::call, arena);
    }

    MemorySegment stub() {
        return stub;
    }

    private boolean call(MemorySegment tensor, boolean ask, MemorySegment unused) {
        if (failure != null) {
            return false;
        }
        try (Arena valid = Arena.ofConfined()) {
            EvalNode node = new EvalNode(valid, tensor, !ask);
            if (ask) {
                return callback.wants(node);
            }
            boolean goOn = callback.computed(node);
            incomplete |= !goOn;
            return goOn;
        } catch (Throwable t) {
            failure = t;
            stopDecode.run();
            return false;
        }
    }

    void begin() {
        failure = null;
        incomplete = false;
    }

    /** Whether the callback left graphs uncomputed since {@link #begin}. */
    boolean incomplete() {
        return incomplete;
    }

    /** @throws EvalCallbackException if the callback threw since {@link #begin} */
    void rethrow() {
        Throwable thrown = failure;
        if (thrown != null) {
            throw new EvalCallbackException(thrown);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
