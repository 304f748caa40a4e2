package org.kvant.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kvant.llama.ffi.llama_context_params;
import org.kvant.llama.ffi.llama_h;
import org.kvant.llama.library.AbortFlag;
import org.kvant.llama.library.GraphHook;

/** The {@code llama_context_params} of a context. */
final class ContextParameters {
    private ContextParameters() {}

    static MemorySegment of(ContextOptions options, AbortFlag abort, @Nullable GraphHook hook, Arena arena) {
        MemorySegment p = llama_h.llama_context_default_params(arena);
        llama_context_params.n_ctx(p, options.contextSize());
        llama_context_params.n_batch(p, options.batchSize());
        llama_context_params.n_ubatch(p, options.ubatchSize());
        llama_context_params.n_seq_max(p, options.maxSequences());
        llama_context_params.n_outputs_max(p, options.maxOutputs());
        llama_context_params.n_threads(p, options.threads());
        llama_context_params.n_threads_batch(p, options.threadsBatch());
        llama_context_params.flash_attn_type(p, options.flashAttention().nativeValue());
        llama_context_params.type_k(p, options.cacheTypeK().id());
        llama_context_params.type_v(p, options.cacheTypeV().id());
        llama_context_params.offload_kqv(p, options.offloadKqv());
        llama_context_params.swa_full(p, options.fullSwaCache());
        llama_context_params.kv_unified(p, options.kvUnified());
        llama_context_params.no_perf(p, true);
        llama_context_params.abort_callback(p, abort.callback());
        llama_context_params.abort_callback_data(p, abort.data());
        if (hook != null) {
            llama_context_params.cb_eval(p, hook.callback());
        }
        return p;
    }
}
