package org.kvant.engine.sampling;

import org.jspecify.annotations.Nullable;
import org.kvant.grammar.TokenTexts;
import org.kvant.llama.Vocab;

/** What sampling needs to know of a model's tokens. Thread-safe while the model is open. */
public final class ModelVocabulary implements TokenPieces {
    private final Vocab vocab;
    private final int[] suppressed;
    private volatile @Nullable TokenTexts texts;

    public ModelVocabulary(Vocab vocab) {
        this.vocab = vocab;
        suppressed = vocab.suppressedTokens();
    }

    Vocab vocab() {
        return vocab;
    }

    /** Tokens that the model's file says should never be sampled. The array itself: nobody changes it. */
    int[] suppressed() {
        return suppressed;
    }

    @Override
    public int size() {
        return vocab.size();
    }

    @Override
    public byte[] piece(int token) {
        return vocab.piece(token, false);
    }

    @Override
    public boolean isEog(int token) {
        return vocab.isEog(token);
    }

    /** Every token's text, for grammars; collected when the first one comes. */
    synchronized TokenTexts texts() {
        TokenTexts collected = texts;
        if (collected == null) {
            collected = new TokenTexts(vocab.size(), token -> vocab.piece(token, true), vocab::isEog);
            texts = collected;
        }
        return collected;
    }

    /** Java memory that the texts of tokens hold, in bytes, about; 0 before a grammar has come. */
    public long textBytes() {
        TokenTexts collected = texts;
        return collected == null ? 0 : collected.heapBytes();
    }
}
