package org.kvant.grammar;

import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/** The bytes of all tokens of a vocabulary, and which of them end a text. Immutable, thread-safe. */
public final class TokenTexts {
    private final byte[][] bytes;
    private final boolean[] ends;
    private final TokenTrie trie;

    /**
     * @param size number of tokens
     * @param bytes of a token, with the text of special ones; not copied
     * @param ends whether a token ends a text
     */
    public TokenTexts(int size, IntFunction<byte[]> bytes, IntPredicate ends) {
        this.bytes = new byte[size][];
        this.ends = new boolean[size];
        for (int token = 0; token < size; token++) {
            this.bytes[token] = bytes.apply(token);
            this.ends[token] = ends.test(token);
        }
        trie = new TokenTrie(this);
    }

    int size() {
        return bytes.length;
    }

    byte[] bytes(int token) {
        return bytes[token];
    }

    boolean ends(int token) {
        return ends[token];
    }

    TokenTrie trie() {
        return trie;
    }
}
