package org.kvant.llama.eval;

import org.kvant.llama.library.GraphExtension;
import org.kvant.llama.library.GraphHook;

/**
 * Sees the intermediate results of a {@code Context.decode}, as {@code cb_eval} of {@code llama_context_params} does. Every method is called on
 * the thread that decodes. What it is given is valid during the call only: keep copies. It must not use the context, except for
 * {@code Context.requestAbort}. What it throws ends the decode, which then throws an {@link EvalCallbackException}.
 */
public interface EvalCallback extends GraphExtension {
    /**
     * Whether {@link #computed} is to be called for a node. Asked for every node of each micro-batch's graph, in the order of computing; the
     * tensors' shapes are known, their data is not.
     */
    boolean wants(EvalNode node);

    /**
     * The node has been computed; its data and that of its sources can be read.
     *
     * @return false to leave the rest of this micro-batch's graph uncomputed: the batch then has no logits, and the KV cache lacks the layers
     *     that were not reached, so that it must be cleared before the next batch. Only for a model that computes on one device: work placed on
     *     another one goes on with what is there
     */
    boolean computed(EvalNode node);

    @Override
    default GraphHook open(int sequences, Runnable stop) {
        return new EvalHook(this, stop);
    }
}
