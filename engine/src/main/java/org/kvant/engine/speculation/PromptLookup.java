package org.kvant.engine.speculation;

import org.kvant.engine.cells.TokenList;

/**
 * Guesses how a text goes on from what followed the last time that it had the same n-gram: prompt look-up decoding
 * (<a href="https://github.com/apoorvumang/prompt-lookup-decoding">Saxena 2023</a>). Each n-gram's last place is kept in a hash table
 * of its own, so a guess costs a look-up however long the text is. One per request.
 */
public final class PromptLookup {
    /** Longest first: the longer what agrees, the likelier that it goes on. */
    private static final int[] LENGTHS = {4, 3, 2};

    private static final int EMPTY = 0;

    /** By length: positions behind n-grams, by hash; later ones replace earlier ones. */
    private int[][] tables = new int[LENGTHS.length][64];

    private int indexed;

    /**
     * The tokens that may follow.
     *
     * @param into gets them
     * @return how many there are
     */
    public int guess(TokenList tokens, int[] into, int most) {
        index(tokens);
        int size = tokens.size();
        for (int kind = 0; kind < LENGTHS.length; kind++) {
            int length = LENGTHS[kind];
            if (size <= length) {
                continue;
            }
            int place = tables[kind][slot(tokens, size - length, length, tables[kind].length)];
            if (place != EMPTY && same(tokens, place - length, size - length, length)) {
                int count = Math.min(most, into.length);
                for (int i = 0; i < count; i++) {
                    // What follows may run into the guess itself: a short cycle goes on for ever.
                    int from = place + i;
                    into[i] = from < size ? tokens.get(from) : into[from - size];
                }
                return count;
            }
        }
        return 0;
    }

    /** To be told when tokens were taken out of the text. */
    void forget() {
        tables = new int[LENGTHS.length][64];
        indexed = 0;
    }

    /** Takes in the n-grams that have something behind them. */
    private void index(TokenList tokens) {
        if (2 * tokens.size() > tables[0].length) {
            int capacity = Integer.highestOneBit(4 * tokens.size());
            tables = new int[LENGTHS.length][capacity];
            indexed = 0;
        }
        for (int end = indexed + 1; end < tokens.size(); end++) {
            for (int kind = 0; kind < LENGTHS.length; kind++) {
                int length = LENGTHS[kind];
                if (end >= length) {
                    tables[kind][slot(tokens, end - length, length, tables[kind].length)] = end;
                }
            }
        }
        indexed = Math.max(indexed, tokens.size() - 1);
    }

    private static boolean same(TokenList tokens, int a, int b, int length) {
        for (int i = 0; i < length; i++) {
            if (tokens.get(a + i) != tokens.get(b + i)) {
                return false;
            }
        }
        return true;
    }

    private static int slot(TokenList tokens, int from, int length, int capacity) {
        int hash = length;
        for (int i = 0; i < length; i++) {
            hash = 0x9E3779B9 * (hash ^ tokens.get(from + i)) + 0x7F4A7C15;
            hash ^= hash >>> 15;
        }
        return hash & capacity - 1;
    }
}
