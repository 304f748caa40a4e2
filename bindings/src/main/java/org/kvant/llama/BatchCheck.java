package org.kvant.llama;

import java.util.Arrays;

/** What {@code llama_decode} demands of a batch; part of it llama.cpp only asserts, which would end the JVM. */
final class BatchCheck {
    private static final int UNSEEN = Integer.MIN_VALUE;

    private BatchCheck() {}

    static void check(Batch batch, Context context) {
        int size = batch.size();
        if (size == 0) {
            throw new IllegalArgumentException("the batch is empty");
        }
        if (size > context.batchSize()) {
            throw new IllegalArgumentException(
                    "the batch has " + size + " tokens; this context takes at most " + context.batchSize());
        }
        int[] last = new int[context.maxSequences()];
        Arrays.fill(last, UNSEEN);
        int outputs = 0;
        for (int i = 0; i < size; i++) {
            context.model().vocab().checked(batch.token(i));
            int count = batch.sequenceCount(i);
            if (count > 1 && !context.kvUnified()) {
                throw new IllegalArgumentException(
                        "token " + i + " belongs to " + count + " sequences; that needs a unified cache");
            }
            for (int s = 0; s < count; s++) {
                int sequence = batch.sequence(i, s);
                context.checkSequence(sequence);
                checkPosition(context, sequence, batch.position(i), last);
                last[sequence] = batch.position(i);
            }
            if (batch.logits(i)) {
                outputs++;
            }
        }
        if (outputs > context.maxOutputs()) {
            throw new IllegalArgumentException(
                    outputs + " tokens of the batch have logits; this context gives at most " + context.maxOutputs());
        }
    }

    private static void checkPosition(Context context, int sequence, int position, int[] last) {
        if (position >= context.model().positions()) {
            throw new IllegalArgumentException("position " + position + " is beyond the model's "
                    + context.model().positions());
        }
        int before = last[sequence];
        if (before == UNSEEN) {
            before = context.memory().maxPosition(sequence);
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
