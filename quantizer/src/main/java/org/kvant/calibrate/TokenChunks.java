package org.kvant.calibrate;

import java.util.Arrays;
import org.kvant.llama.Vocab;

/** Cuts tokens into chunks as llama-imatrix and llama-perplexity do. */
public final class TokenChunks {
    private TokenChunks() {}

    /**
     * Whole chunks only; where the model begins texts with a token, that token replaces the first of each chunk.
     *
     * @param tokens of the whole text, with the special tokens that the model adds
     * @param size tokens a chunk
     * @param most chunks
     */
    public static int[][] cut(int[] tokens, int size, int most, Vocab vocab) {
        int[][] chunks = new int[Math.min(most, tokens.length / size)][];
        for (int i = 0; i < chunks.length; i++) {
            chunks[i] = Arrays.copyOfRange(tokens, i * size, (i + 1) * size);
            if (vocab.addsBos()) {
                chunks[i][0] = vocab.bos();
            }
        }
        return chunks;
    }
}
