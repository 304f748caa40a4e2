package org.kvant.llama.eval;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ffi.ggml_backend_sched_eval_callback;
import org.kvant.llama.library.CellListener;
import org.kvant.llama.library.GraphHook;

/**
 * The native end of an {@link EvalCallback}. An exception must not leave an upcall, because it would end the JVM: it is kept until the decode
 * has returned. Used on the context's thread only.
 */
final class EvalHook implements GraphHook {
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

    @Override
    public MemorySegment callback() {
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

    @Override
    public void begin() {
        failure = null;
        incomplete = false;
    }

    @Override
    public boolean incomplete() {
        return incomplete;
    }

    /** @throws EvalCallbackException if the callback threw since {@link #begin} */
    @Override
    public void rethrow() {
        Throwable thrown = failure;
        if (thrown != null) {
            throw new EvalCallbackException(thrown);
        }
    }

    @Override
    public Optional<CellListener> cells() {
        return Optional.empty();
    }

    @Override
    public void close() {
        arena.close();
    }
}
