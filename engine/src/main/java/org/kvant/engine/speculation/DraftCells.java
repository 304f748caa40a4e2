package org.kvant.engine.speculation;

import java.util.Arrays;
import org.kvant.engine.cells.Slot;
import org.kvant.llama.Context;
import org.kvant.llama.Memory;

/**
 * What a draft model's sequences hold: the texts of the served model's sequences of the same numbers, as far as they were of use, with guesses that may
 * have been wrong. Before each guess a sequence is compared with its request's text, so whatever happens to requests needn't be followed here.
 */
final class DraftCells {
    /** Computing fewer tokens is cheaper than copying a sequence. */
    private static final int WORTH_COPYING = 64;

    private final Memory memory;
    private final boolean unified;
    private final int[][] tokens;
    private final int[] sizes;
    /** As with {@link Slot#salt}. */
    private final String[] salts;

    DraftCells(Context context) {
        memory = context.memory();
        unified = context.kvUnified();
        int sequences = context.maxSequences();
        tokens = new int[sequences][64];
        sizes = new int[sequences];
        salts = new String[sequences];
        Arrays.fill(salts, "");
    }

    /** Leading tokens of a request that a sequence holds, at least one fewer than it has. */
    int common(int sequence, SpeculativeRequest request) {
        return salts[sequence].equals(request.cacheSalt())
                ? Math.min(
                        request.tokens().commonPrefix(tokens[sequence], sizes[sequence]),
                        request.tokens().size() - 1)
                : 0;
    }

    /**
     * Leaves in a sequence the beginning of a request only, taken from another one if that has much more of it.
     *
     * @return how many of the request's tokens the sequence holds, at least one fewer than it has
     */
    int prepare(int sequence, SpeculativeRequest request) {
        int common = common(sequence, request);
        if (request.tokens().size() - 1 - common >= WORTH_COPYING) {
            for (int other = 0; other < sizes.length; other++) {
                int shared = other == sequence ? 0 : common(other, request);
                if (shared - common >= WORTH_COPYING) {
                    copy(other, sequence, shared);
                    common = shared;
                }
            }
        }
        truncate(sequence, common);
        salts[sequence] = request.cacheSalt();
        return sizes[sequence];
    }

    private void copy(int from, int to, int length) {
        truncate(to, 0);
        // Separate buffers can only be copied whole.
        int copied = unified ? length : sizes[from];
        memory.copy(from, to, 0, unified ? length : Memory.END);
        tokens[to] = Arrays.copyOf(tokens[from], tokens[from].length);
        sizes[to] = copied;
    }

    private void truncate(int sequence, int size) {
        if (size >= sizes[sequence]) {
            return;
        }
        if (size == 0 || !memory.removeRange(sequence, size, Memory.END)) {
            memory.remove(sequence);
            sizes[sequence] = 0;
        } else {
            sizes[sequence] = size;
        }
    }

    /** A token that the next decode puts behind the others. */
    void add(int sequence, int token) {
        if (sizes[sequence] == tokens[sequence].length) {
            tokens[sequence] = Arrays.copyOf(tokens[sequence], 2 * sizes[sequence]);
        }
        tokens[sequence][sizes[sequence]++] = token;
    }

    /** The memory holds nothing any more. */
    void clear() {
        Arrays.fill(sizes, 0);
    }
}
