package org.kvant.quantize;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Cuts all tensors into pieces of some rows, in a given order, for any number of threads to take from. */
final class WorkQueue {
    /** Small enough that the last pieces end together, large enough that taking and writing one costs nothing. */
    private static final long MAX_ELEMENTS = 1 << 20;

    private static final long MIN_ELEMENTS = 1 << 16;
    private static final int PIECES_A_THREAD = 64;

    private final List<PlannedTensor> tensors;
    private final List<Integer> order;
    private final long elements;
    private int taken;
    private long row;

    /**
     * Rows of one matrix of one tensor.
     *
     * @param tensor its index
     * @param firstRow counted over all matrices of the tensor
     */
    record Piece(int tensor, long firstRow, int rows) {}

    /** @param order the indices of all tensors, as they are to be taken */
    WorkQueue(List<PlannedTensor> tensors, List<Integer> order, int threads) {
        this.tensors = tensors;
        this.order = order;
        long all = tensors.stream().mapToLong(t -> t.source().elements()).sum();
        this.elements = Math.clamp(all / threads / PIECES_A_THREAD, MIN_ELEMENTS, MAX_ELEMENTS);
    }

    /** The next piece, or null when all are taken. */
    synchronized @Nullable Piece next() {
        if (taken == order.size()) {
            return null;
        }
        int tensor = order.get(taken);
        var source = tensors.get(tensor).source();
        long[] shape = source.shape();
        long matrixRows = shape.length > 1 ? shape[1] : 1;
        long wanted = Math.max(1, elements / source.columns());
        int rows = (int) Math.min(wanted, matrixRows - row % matrixRows);
        Piece piece = new Piece(tensor, row, rows);
        row += rows;
        if (row == source.rows()) {
            taken++;
            row = 0;
        }
        return piece;
    }
}
