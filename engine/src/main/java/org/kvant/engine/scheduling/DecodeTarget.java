package org.kvant.engine.scheduling;

import org.jspecify.annotations.Nullable;
import org.kvant.engine.cells.CellMemory;
import org.kvant.engine.cells.PrefixCache;
import org.kvant.engine.cells.PromptScratch;
import org.kvant.engine.cells.TokenList;
import org.kvant.engine.request.GenerationRequest;
import org.kvant.engine.sampling.TokenPieces;
import org.kvant.engine.sampling.TokenSampler;
import org.kvant.engine.speculation.DraftModel;
import org.kvant.engine.watch.Gauges;
import org.kvant.grammar.GrammarException;
import org.kvant.llama.Batch;
import org.kvant.llama.DecodeException;
import org.kvant.llama.DecodeResult;

/** Context and batch as the scheduler sees them. Belongs to the decode thread. */
public interface DecodeTarget {
    /** Most tokens of one decode. */
    int batchSize();

    /** Most tokens of one decode that have logits. */
    int maxOutputs();

    /** Sequences, numbered from 0. */
    int maxSequences();

    /** Cells in all. */
    int contextSize();

    /** Cells that a sequence can have. */
    int sequenceLength();

    /** Tokens of a text, prompt and completion together: {@link #sequenceLength} and the training context bound it. */
    int sequenceContext();

    /** Whether all sequences are in one buffer. */
    boolean sharedCells();

    /** Tokens of the model's sliding window; 0 if it has none. */
    int slidingWindow();

    /** Whether sequences are states that can't be cut back. */
    boolean recurrent();

    /** Whether a text begins with a token of the model's own. */
    boolean addsBos();

    CellMemory memory();

    TokenPieces pieces();

    /**
     * Computes a batch.
     *
     * @throws DecodeException if the library fails; the memory may hold part of the batch then
     */
    DecodeResult decode(Batch batch);

    /** Copies the logits of a token of the last batch; as many as there are tokens in the vocabulary. */
    void logits(int batchIndex, float[] into);

    /**
     * Makes what chooses a request's tokens from the last batch's logits. The caller closes it.
     *
     * @param tokens the tokens so far
     * @throws GrammarException if the request's grammar can't be followed from the beginning
     */
    TokenSampler sampler(GenerationRequest request, TokenList tokens) throws GrammarException;

    /** The model that proposes tokens for it; null for none. */
    default @Nullable DraftModel draft() {
        return null;
    }

    /**
     * A second context for prompts, the caller's to close; null where prompts gain nothing by it.
     *
     * @param cache of this context
     * @param gauges are told its memory
     */
    default @Nullable PromptScratch scratch(PrefixCache cache, Gauges gauges) {
        return null;
    }
}
