package org.kvant.engine.sampling;

import org.kvant.grammar.GrammarException;

/** Chooses one request's tokens. Belongs to the decode thread. */
public interface TokenSampler extends AutoCloseable {
    /** No token: the grammar allows nothing more. */
    int NOTHING = -1;

    /**
     * Chooses and accepts the token that follows one of the last batch.
     *
     * @param batchIndex of the token in that batch
     * @param sampled tokens of the text so far
     * @return {@link #NOTHING} if the grammar is at its end
     * @throws GrammarException if the grammar allows no token of this vocabulary, or can't be followed any more
     */
    int next(int batchIndex, int sampled) throws GrammarException;

    @Override
    void close();
}
