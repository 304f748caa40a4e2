package org.kvant.calibrate;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kvant.network.Linear;

/**
 * Shares the moments of a layer's matrices out over passes through the layer, so that those of one pass fit into the memory allowed. Each
 * matrix's moment is summed within one pass, in the same order as if it were the only one: the result does not depend on the memory.
 */
final class MomentShares {
    /** What is left of the heap for moments, besides a layer's weights: its activations and their gradients need some. */
    private static final double HEAP_SHARE = 0.7;

    /** Less is not worth further passes. */
    private static final long LEAST_BYTES = 64L << 20;

    /** Of tensors with more than one share, that of each matrix. */
    private final Map<String, int[]> shareOf = new HashMap<>();

    private final int shares;

    private MomentShares(List<Linear> linears, long memoryBytes) {
        long room = memoryBytes;
        int share = 0;
        for (Linear linear : linears) {
            int[] shareOfMatrix = new int[linear.experts()];
            for (int matrix = 0; matrix < shareOfMatrix.length; matrix++) {
                long needed = bytes(linear);
                if (needed > room && room < memoryBytes) {
                    share++;
                    room = memoryBytes;
                }
                room -= needed;
                shareOfMatrix[matrix] = share;
            }
            shareOf.put(linear.tensor(), shareOfMatrix);
        }
        this.shares = share + 1;
    }

    /**
     * Shares for a layer. A matrix that alone needs more than is allowed gets a pass of its own.
     *
     * @param memoryBytes for the moments of one pass
     */
    static MomentShares of(List<Linear> linears, long memoryBytes) {
        return new MomentShares(List.copyOf(linears), memoryBytes);
    }

    /** What the heap has for the moments of a layer when its weights are there, in bytes. */
    static long heapBytes(List<Linear> linears) {
        long weights = linears.stream()
                .mapToLong(linear -> (long) linear.rows() * linear.columns() * linear.experts() * Float.BYTES)
                .sum();
        return Math.max(LEAST_BYTES, (long) (HEAP_SHARE * (Runtime.getRuntime().maxMemory() - weights)));
    }

    /** A full square each for the tokens that were held out and the others. */
    private static long bytes(Linear linear) {
        return 2L * Float.BYTES * linear.columns() * linear.columns();
    }

    /** How many passes there are. */
    int count() {
        return shares;
    }

    /** The pass that sums the moment of a matrix. */
    int of(Linear linear, int matrix) {
        int[] shareOfMatrix = shareOf.get(linear.tensor());
        return shareOfMatrix == null ? 0 : shareOfMatrix[matrix];
    }
}
