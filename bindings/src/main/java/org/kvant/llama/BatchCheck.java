package org.kvant.llama;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * What {@code llama_decode} demands of a batch; part of it llama.cpp only asserts, which would end the JVM.
 *
 * @param batchSize the most tokens
 * @param maxOutputs the most tokens with logits
 * @param maxSequences sequences are 0 to this minus 1
 * @param sharedCells whether a token may belong to several sequences
 * @param vocab that tokens are of
 * @param positions are below this
 */
record BatchCheck(int batchSize, int maxOutputs, int maxSequences, boolean sharedCells, Vocab vocab, int positions) {
    private static final int UNSEEN = Integer.MIN_VALUE;

    /** @param lastPosition the largest position that is remembered of a sequence, or negative */
    void check(Batch batch, IntUnaryOperator lastPosition) {
        int size = batch.size();
        if (size == 0) {
            throw new IllegalArgumentException("the batch is empty");
        }
        if (size > batchSize) {
            throw new IllegalArgumentException(
                    "the batch has " + size + " tokens; this context takes at most " + batchSize);
        }
        int[] last = new int[maxSequences];
        Arrays.fill(last, UNSEEN);
        int outputs = 0;
        for (int i = 0; i < size; i++) {
            vocab.checked(batch.token(i));
            int count = batch.sequenceCount(i);
            if (count > 1 && !sharedCells) {
                throw new IllegalArgumentException(
                        "token " + i + " belongs to " + count + " sequences; that needs a unified cache");
            }
            for (int s = 0; s < count; s++) {
                int sequence = batch.sequence(i, s);
                checkSequence(sequence);
                checkPosition(sequence, batch.position(i), last[sequence], lastPosition);
                last[sequence] = batch.position(i);
            }
            if (batch.logits(i)) {
                outputs++;
            }
        }
        if (outputs > maxOutputs) {
            throw new IllegalArgumentException(
                    outputs + " tokens of the batch have logits; this context gives at most " + maxOutputs);
        }
    }

    void checkSequence(int sequence) {
        if (sequence < 0 || sequence >= maxSequences) {
            throw new IllegalArgumentException("sequence " + sequence + " is outside 0 to " + (maxSequences - 1));
        }
    }

    private void checkPosition(int sequence, int position, int last, IntUnaryOperator lastPosition) {
        if (position >= positions) {
            throw new IllegalArgumentException("position " + position + " is beyond the model's " + positions);
        }
        int before = last;
        if (before == UNSEEN) {
            before = lastPosition.applyAsInt(sequence);
            if (before < 0) {
                return; // An empty sequence may begin anywhere.
            }
        }
        if (position != before + 1) {
            throw new IllegalArgumentException("sequence " + sequence + " continues at position " + position
                    + "; the one before is " + before + ", so it must be " + (before + 1));
        }
    }
}
