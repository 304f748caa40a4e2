package org.kvant.llama.sampling;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.kvant.llama.ffi.llama_token_data;
import org.kvant.llama.ffi.llama_token_data_array;
import org.kvant.llama.library.LlamaException;

/** llama.cpp's array of candidate tokens, for samplers that are applied without {@code llama_sampler_sample}. */
final class Candidates {
    private static final long STRIDE = llama_token_data.sizeof();
    private static final long LOGIT = llama_token_data.logit$offset();

    private final int size;
    private final MemorySegment data;
    private final MemorySegment array;

    /** @param arena of the context that the logits are from */
    Candidates(int size, Arena arena) {
        this.size = size;
        data = arena.allocate(llama_token_data.layout(), size);
        array = arena.allocate(llama_token_data_array.layout());
    }

    /** All tokens with these logits, in order of their ids. */
    MemorySegment fill(MemorySegment logits) {
        for (int token = 0; token < size; token++) {
            set(token, token, logits.getAtIndex(ValueLayout.JAVA_FLOAT, token));
        }
        return array(size, false);
    }

    /** The first tokens of an array, the likeliest first. */
    MemorySegment fill(TopLogits logits, int[] tokens, int count) {
        for (int i = 0; i < count; i++) {
            set(i, tokens[i], logits.logit(tokens[i]));
        }
        return array(count, true);
    }

    private void set(int place, int token, float logit) {
        long at = place * STRIDE;
        data.set(ValueLayout.JAVA_INT, at, token);
        data.set(ValueLayout.JAVA_FLOAT, at + LOGIT, logit);
        data.set(ValueLayout.JAVA_FLOAT, at + LOGIT + Float.BYTES, 0f);
    }

    private MemorySegment array(int count, boolean sorted) {
        llama_token_data_array.data(array, data);
        llama_token_data_array.size(array, count);
        llama_token_data_array.selected(array, -1);
        llama_token_data_array.sorted(array, sorted);
        return array;
    }

    /** The token that a sampler selected. A sampler may have put its own array in place of ours. */
    int selected() {
        long selected = llama_token_data_array.selected(array);
        long left = llama_token_data_array.size(array);
        if (selected < 0 || selected >= left) {
            throw new LlamaException("the samplers selected candidate " + selected + " of " + left);
        }
        MemorySegment candidates = llama_token_data_array.data(array).reinterpret(left * STRIDE);
        return candidates.get(ValueLayout.JAVA_INT, selected * STRIDE);
    }
}
