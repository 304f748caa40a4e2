package org.kvant.llama.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kvant.llama.library.LlamaException;

/** A look at logits before llama.cpp sorts them: sorting NaN is undefined in C++ and can run out of the array. */
final class Logits {
    private static final int MAGNITUDE = 0x7FFF_FFFF;
    private static final int INFINITY = 0x7F80_0000;
    private static final int NEGATIVE_INFINITY = 0xFF80_0000;

    private Logits() {}

    /** @throws LlamaException if one is NaN or +infinity; -infinity means a token is forbidden */
    static void requireNumbers(MemorySegment logits) {
        long count = logits.byteSize() / Float.BYTES;
        // The bits of floats without sign order them, with infinity and NaN above all numbers; a maximum of ints
        // vectorizes.
        int largest = 0;
        for (long i = 0; i < count; i++) {
            largest = Math.max(largest, logits.getAtIndex(ValueLayout.JAVA_INT, i) & MAGNITUDE);
        }
        requireNumbers(largest, logits);
    }

    /**
     * As {@link #requireNumbers(MemorySegment)} by someone who has looked at them.
     *
     * @param largest of their bits without sign
     */
    static void requireNumbers(int largest, MemorySegment logits) {
        if (largest >= INFINITY) {
            explain(logits, logits.byteSize() / Float.BYTES);
        }
    }

    private static void explain(MemorySegment logits, long count) {
        for (long i = 0; i < count; i++) {
            int bits = logits.getAtIndex(ValueLayout.JAVA_INT, i);
            if ((bits & MAGNITUDE) >= INFINITY && bits != NEGATIVE_INFINITY) {
                throw new LlamaException("the logit of token " + i + " is " + Float.intBitsToFloat(bits)
                        + ": the model is damaged or its numbers overflow");
            }
        }
    }
}
