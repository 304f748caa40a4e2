package org.kvant.llama.attention.vector;

import java.util.ArrayList;
import java.util.List;
import org.kvant.llama.attention.AttentionTask;
import org.kvant.llama.attention.SharedCells;

/**
 * A task cut into parts which threads take one after the other: for each head of keys some rows of one stream, or all rows of several streams that have their
 * first cells in common.
 */
final class Parts {
    /** What unpacking a tile takes, in products with a vector of rows. */
    private static final int UNPACKING = 1;

    /**
     * @param head of keys
     * @param begin of the streams, in the order of {@link AttentionTask#shared}
     * @param end of the streams
     * @param shared cells that they have in common; 0 if there is but one
     * @param first row of each stream
     * @param rows of each stream
     */
    record Part(int head, int begin, int end, int shared, int first, int rows) {}

    private Parts() {}

    /** @param threads that will take them */
    static List<Part> of(AttentionTask task, int threads) {
        List<Part> parts = new ArrayList<>();
        SharedCells cells = task.shared();
        // Heads that can be dealt out evenly are; what is left over is cut smaller.
        int even = task.keyHeads() - task.keyHeads() % threads;
        for (int group = 0; group < cells.groups(); group++) {
            int begin = cells.begin(group);
            int end = cells.ends()[group];
            int shared = cells.cells()[group];
            add(parts, task, 0, even, begin, end, shared, threads);
            add(parts, task, even, task.keyHeads(), begin, end, shared, threads);
        }
        return parts;
    }

    private static void add(
            List<Part> parts,
            AttentionTask task,
            int fromHead,
            int toHead,
            int begin,
            int end,
            int shared,
            int threads) {
        int together = together(task, toHead - fromHead, end - begin, threads);
        for (int head = fromHead; head < toHead; head++) {
            for (int from = begin; from < end; from += together) {
                int to = Math.min(from + together, end);
                if (to - from > 1) {
                    parts.add(new Part(head, from, to, shared, 0, task.rows()));
                    continue;
                }
                for (int first = 0; first < task.rows(); first += Worker.ROWS) {
                    parts.add(new Part(head, from, to, 0, first, Math.min(Worker.ROWS, task.rows() - first)));
                }
            }
        }
    }

    /** How many of so many streams are computed together, so that all threads are done soon. */
    private static int together(AttentionTask task, int heads, int streams, int threads) {
        int best = 1;
        long least = Long.MAX_VALUE;
        for (int wanted = 1; wanted <= Math.min(streams, Worker.ROWS / task.rows()); wanted++) {
            long vectors = (wanted * (long) task.rows() + Lanes.WIDTH - 1) / Lanes.WIDTH;
            long parts = (long) heads * ((streams + wanted - 1) / wanted);
            long time = (parts + threads - 1) / threads * (UNPACKING + vectors);
            if (time <= least) {
                least = time;
                best = wanted;
            }
        }
        return best;
    }
}
