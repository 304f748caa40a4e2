package org.kvant.llama.library;

import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.function.Supplier;
import org.kvant.llama.ffi.llama_h;

/** The functions between starting a server and its first answer, in the order in which they are needed. */
public final class LinkedFunctions {
    private static final List<Supplier<MethodHandle>> HANDLES = List.of(
            llama_h::llama_model_default_params$handle,
            llama_h::llama_model_load_from_splits$handle,
            llama_h::llama_model_get_vocab$handle,
            llama_h::llama_vocab_n_tokens$handle,
            llama_h::llama_model_desc$handle,
            llama_h::llama_model_size$handle,
            llama_h::llama_model_chat_template$handle,
            llama_h::llama_model_n_params$handle,
            llama_h::llama_model_is_recurrent$handle,
            llama_h::llama_model_is_hybrid$handle,
            llama_h::llama_context_default_params$handle,
            llama_h::llama_init_from_model$handle,
            llama_h::llama_get_memory$handle,
            llama_h::llama_n_ctx$handle,
            llama_h::llama_n_ctx_seq$handle,
            llama_h::llama_n_batch$handle,
            llama_h::llama_n_ubatch$handle,
            llama_h::ggml_threadpool_params_init$handle,
            llama_h::llama_attach_threadpool$handle,
            llama_h::llama_memory_clear$handle,
            llama_h::llama_memory_seq_rm$handle,
            llama_h::llama_memory_seq_cp$handle,
            llama_h::llama_memory_seq_pos_min$handle,
            llama_h::llama_memory_seq_pos_max$handle,
            llama_h::llama_decode$handle,
            llama_h::llama_synchronize$handle,
            llama_h::llama_get_logits_ith$handle,
            llama_h::llama_vocab_is_eog$handle,
            llama_h::llama_vocab_is_control$handle,
            llama_h::llama_vocab_bos$handle,
            llama_h::llama_vocab_eos$handle,
            llama_h::llama_vocab_eot$handle,
            llama_h::llama_vocab_nl$handle,
            llama_h::llama_vocab_get_add_bos$handle,
            llama_h::llama_vocab_get_add_eos$handle,
            llama_h::llama_vocab_get_suppress_tokens$handle,
            llama_h::llama_tokenize$handle,
            llama_h::llama_token_to_piece$handle,
            llama_h::llama_sampler_chain_default_params$handle,
            llama_h::llama_sampler_chain_init$handle,
            llama_h::llama_sampler_chain_add$handle,
            llama_h::llama_sampler_init_greedy$handle,
            llama_h::llama_sampler_init_dist$handle,
            llama_h::llama_sampler_init_top_k$handle,
            llama_h::llama_sampler_init_top_p$handle,
            llama_h::llama_sampler_init_min_p$handle,
            llama_h::llama_sampler_init_temp$handle,
            llama_h::llama_sampler_sample$handle,
            llama_h::llama_sampler_free$handle,
            llama_h::llama_free$handle,
            llama_h::llama_model_free$handle);

    private LinkedFunctions() {}

    /** Each handle is made, and its call specialized, when its class is first used. */
    public static void link() {
        for (Supplier<MethodHandle> handle : HANDLES) {
            MethodHandle unused = handle.get();
        }
    }
}
