package org.kvant.llama.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kvant.llama.library.LlamaException;

/**
 * Finds the likeliest tokens without an entry for every token of the vocabulary, as llama.cpp's samplers make them: those take longer to write than the logits to
 * look at, and each request has its own half a megabyte or more. Blocks of logits are represented by their largest, which is where the time goes; the
 * loops are such that HotSpot vectorizes them. One for a context; not thread-safe.
 */
final class TopLogits {
    private static final int BLOCK = 64;
    private static final int MAGNITUDE = 0x7FFF_FFFF;
    private static final int NEGATIVE_INFINITY = 0xFF80_0000;

    /** Their bits: loops over floats don't become vector instructions. */
    private final int[] logits;

    /** As {@link #order}, of each block. */
    private final int[] largest;

    private Smallest smallest = new Smallest(BLOCK);

    TopLogits(int vocabulary) {
        logits = new int[vocabulary];
        largest = new int[(vocabulary + BLOCK - 1) / BLOCK];
    }

    /**
     * Takes the logits of one token.
     *
     * @param banned tokens that count as negative infinity
     * @throws LlamaException if a logit is NaN or +infinity
     */
    void load(MemorySegment row, int[] banned) {
        MemorySegment.copy(row, ValueLayout.JAVA_INT, 0, logits, 0, logits.length);
        int magnitude = 0;
        for (int logit : logits) {
            magnitude = Math.max(magnitude, logit & MAGNITUDE);
        }
        Logits.requireNumbers(magnitude, row);
        for (int token : banned) {
            logits[token] = NEGATIVE_INFINITY;
        }
        for (int block = 0; block < largest.length; block++) {
            int begin = block * BLOCK;
            largest[block] = largest(begin, Math.min(begin + BLOCK, logits.length));
        }
    }

    private int largest(int begin, int end) {
        int largest = Integer.MIN_VALUE;
        for (int i = begin; i < end; i++) {
            largest = Math.max(largest, order(logits[i]));
        }
        return largest;
    }

    /** Is ordered as the floats are. */
    private static int order(int bits) {
        return bits ^ ((bits >> 31) & MAGNITUDE);
    }

    /** The first of the likeliest tokens. */
    int best() {
        int best = 0;
        for (int block = 1; block < largest.length; block++) {
            if (largest[block] > largest[best]) {
                best = block;
            }
        }
        int token = best * BLOCK;
        while (order(logits[token]) != largest[best]) {
            token++;
        }
        return token;
    }

    /**
     * The likeliest tokens, in order; of equal ones the first.
     *
     * @param into gets tokens; as many as there are if it is longer
     * @return how many
     */
    int best(int[] into) {
        int count = Math.min(into.length, logits.length);
        if (smallest.capacity() < count) {
            smallest = new Smallest(count);
        }
        int threshold = threshold(count);
        // Of what is ordered upside down the smallest are the likeliest.
        smallest.begin(count);
        for (int block = 0; block < largest.length; block++) {
            if (largest[block] >= threshold) {
                offer(block * BLOCK, Math.min(block * BLOCK + BLOCK, logits.length), threshold);
            }
        }
        for (int i = 0; i < count; i++) {
            into[i] = (int) smallest.get(i);
        }
        return count;
    }

    /** No more than so many blocks have a larger one than this, and as many have one that is no smaller. */
    private int threshold(int count) {
        if (count > largest.length) {
            return Integer.MIN_VALUE;
        }
        smallest.begin(count);
        for (int block = 0; block < largest.length; block++) {
            smallest.offer(~largest[block]);
        }
        return (int) ~smallest.get(count - 1);
    }

    private void offer(int begin, int end, int threshold) {
        for (int token = begin; token < end; token++) {
            int order = order(logits[token]);
            if (order >= threshold) {
                smallest.offer(((long) ~order << 32) | token);
            }
        }
    }

    /** Of a token, as {@link #load} has it. */
    float logit(int token) {
        return Float.intBitsToFloat(logits[token]);
    }
}
