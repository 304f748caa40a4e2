package org.kvant.grammar;

import java.util.Arrays;

/** Tokens in the order of their bytes, with how many bytes each shares with the one before: a walk through it reads common beginnings once. */
final class TokenTrie {
    static final int BYTES_A_TOKEN = 2 * Integer.BYTES;

    private final int[] tokens;
    private final int[] shared;

    TokenTrie(TokenTexts texts) {
        Integer[] order = new Integer[texts.size()];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Arrays.compareUnsigned(texts.bytes(a), texts.bytes(b)));
        tokens = new int[order.length];
        shared = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            tokens[i] = order[i];
            if (i > 0) {
                byte[] before = texts.bytes(tokens[i - 1]);
                byte[] here = texts.bytes(tokens[i]);
                int mismatch = Arrays.mismatch(before, here);
                shared[i] = mismatch < 0 ? here.length : mismatch;
            }
        }
    }

    int size() {
        return tokens.length;
    }

    int token(int index) {
        return tokens[index];
    }

    /** Bytes at the beginning that are those of the token before. */
    int shared(int index) {
        return shared[index];
    }
}
