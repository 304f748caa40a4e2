package org.kvant.engine.runtime;

import java.util.Arrays;
import org.kvant.llama.Vocab;

/** {@link Tokenizer} of a model; {@link Vocab} itself keeps the model open while it is used. */
public final class ModelTokenizer implements Tokenizer {
    private final Vocab vocab;

    public ModelTokenizer(Vocab vocab) {
        this.vocab = vocab;
    }

    @Override
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
        return vocab.tokenize(text, addSpecial, parseSpecial);
    }

    @Override
    public int[] tokenizePrompt(String text) {
        int[] tokens = tokenize(text, true, true);
        int bos = vocab.bos();
        boolean twice = vocab.addsBos() && tokens.length > 1 && tokens[0] == bos && tokens[1] == bos;
        return twice ? Arrays.copyOfRange(tokens, 1, tokens.length) : tokens;
    }

    @Override
    public String detokenize(int[] tokens) {
        return vocab.detokenize(tokens, false, true);
    }

    @Override
    public byte[] piece(int token) {
        return vocab.piece(token, true);
    }

    @Override
    public int vocabularySize() {
        return vocab.size();
    }
}
