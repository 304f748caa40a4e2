package org.kvant.engine.runtime;

import org.kvant.engine.settings.EngineOptions;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.Model;

/** What an engine makes of the wanted context for a model. */
final class ContextSizing {
    /** Bytes for logits beyond one row for each sequence. */
    private static final int EXTRA_LOGITS = 16 << 20;

    private static final int MIN_EXTRA_OUTPUTS = 16;
    private static final int MAX_EXTRA_OUTPUTS = 256;

    private ContextSizing() {}

    /** The context's options for this model. */
    static ContextOptions of(Model model, ContextOptions wanted) {
        // Each sequence has one token to sample from; more logits are for proposed tokens and for those of prompts.
        int row = Float.BYTES * model.vocab().size();
        int more = Math.clamp(EXTRA_LOGITS / row, MIN_EXTRA_OUTPUTS, MAX_EXTRA_OUTPUTS);
        return EngineOptions.sized(wanted, model.trainContext()).toBuilder()
                .maxOutputs(Math.min(wanted.batchSize(), wanted.maxSequences() + more))
                .build();
    }

    /** Beyond the training context a model's answers fall apart, so a sequence isn't given more (llama-server does the same). */
    static int sequenceContext(Model model, Context context) {
        int train = model.trainContext();
        return train > 0 ? Math.min(train, context.sequenceLength()) : context.sequenceLength();
    }
}
