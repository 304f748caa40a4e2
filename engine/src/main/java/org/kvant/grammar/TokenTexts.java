package org.kvant.grammar;

import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/** The bytes of all tokens of a vocabulary, and which of them end a text. Immutable, thread-safe. */
public final class TokenTexts {
    private static final int ARRAY_HEADER = 16;
    private static final int ALIGNMENT = 8;
    private static final int REFERENCE = 4;

    private final byte[][] bytes;
    private final boolean[] ends;
    private final TokenTrie trie;
    private final long heapBytes;

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
        heapBytes = Arrays.stream(this.bytes)
                        .mapToLong(token -> ARRAY_HEADER + Math.ceilDiv(token.length, ALIGNMENT) * (long) ALIGNMENT)
                        .sum()
                + (REFERENCE + 1L + TokenTrie.BYTES_A_TOKEN) * size;
    }

    /** Java memory that all this takes, as HotSpot lays out objects in heaps below 32 GiB. */
    public long heapBytes() {
        return heapBytes;
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
