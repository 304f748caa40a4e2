package org.kvant.llama;

import org.kvant.llama.library.Check;

/**
 * Tokens for one {@link Context#decode}, in Java memory: the context checks and copies them. Not thread-safe. Tokens of
 * one sequence are added in order of their positions; sequences may alternate.
 */
public final class Batch {
    /** Positions are below this. */
    static final int MAX_POSITION = 1 << 30;

    private final int capacity;
    private final int maxSequencesPerToken;
    private final int[] tokens;
    private final int[] positions;
    private final int[] sequenceCounts;
    private final int[] sequences;
    private final boolean[] outputs;
    private int size;

    /** A batch whose tokens belong to one sequence each. */
    public Batch(int capacity) {
        this(capacity, 1);
    }

    /**
     * @param capacity the most tokens it holds; decoding needs at most {@link Context#batchSize()}
     * @param maxSequencesPerToken the most sequences that can share a token; more than 1 only for a context with a unified cache
     */
    public Batch(int capacity, int maxSequencesPerToken) {
        Check.range("capacity", capacity, 1, 1 << 24);
        Check.range("maxSequencesPerToken", maxSequencesPerToken, 1, ContextOptions.MAX_SEQUENCES);
        Math.multiplyExact(capacity, maxSequencesPerToken);
        this.capacity = capacity;
        this.maxSequencesPerToken = maxSequencesPerToken;
        this.tokens = new int[capacity];
        this.positions = new int[capacity];
        this.sequenceCounts = new int[capacity];
        this.sequences = new int[capacity * maxSequencesPerToken];
        this.outputs = new boolean[capacity];
    }

    /** Empties the batch. */
    public void clear() {
        size = 0;
    }

    /**
     * Adds a token. Token and sequence are checked against the model when the batch is decoded.
     *
     * @param position its place in the sequence, from 0
     * @param logits whether its logits will be read
     * @return its index in the batch, by which its logits are read
     * @throws IllegalStateException if the batch is full
     */
    public int add(int token, int position, int sequence, boolean logits) {
        int index = next(token, position);
        sequences[index * maxSequencesPerToken] = sequence;
        sequenceCounts[index] = 1;
        outputs[index] = logits;
        return index;
    }

    /**
     * Adds a token that several sequences share.
     *
     * @see #add(int, int, int, boolean)
     */
    public int add(int token, int position, int[] sharedBy, boolean logits) {
        Check.range("number of sequences of the token", sharedBy.length, 1, maxSequencesPerToken);
        int index = next(token, position);
        System.arraycopy(sharedBy, 0, sequences, index * maxSequencesPerToken, sharedBy.length);
        sequenceCounts[index] = sharedBy.length;
        outputs[index] = logits;
        return index;
    }

    private int next(int token, int position) {
        if (size == capacity) {
            throw new IllegalStateException("the batch is full (" + capacity + " tokens)");
        }
        if (token < 0) {
            throw new IllegalArgumentException("token " + token + " is negative");
        }
        Check.range("position", position, 0, MAX_POSITION - 1);
        tokens[size] = token;
        positions[size] = position;
        return size++;
    }

    /** Tokens in it. */
    public int size() {
        return size;
    }

    public int capacity() {
        return capacity;
    }

    public boolean isEmpty() {
        return size == 0;
    }

    public int token(int index) {
        return tokens[checked(index)];
    }

    public int position(int index) {
        return positions[checked(index)];
    }

    /** The first (usually only) sequence of a token. */
    public int sequence(int index) {
        return sequences[checked(index) * maxSequencesPerToken];
    }

    int sequenceCount(int index) {
        return sequenceCounts[checked(index)];
    }

    int sequence(int index, int which) {
        return sequences[index * maxSequencesPerToken + which];
    }

    public boolean logits(int index) {
        return outputs[checked(index)];
    }

    private int checked(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("token index " + index + " of a batch of " + size);
        }
        return index;
    }
}
