package org.kvant.network;

import java.util.ArrayList;
import java.util.List;

/**
 * Chunks that are computed together, so that products of matrices are large enough for all threads.
 *
 * @param firstChunk index of the first
 * @param starts the first row of each of them, and the number of rows at the end
 * @param rows all of them
 */
record Group(int firstChunk, int[] starts, Rows rows) {
    private static final int MIN_ROWS = 1024;
    private static final int MAX_ROWS = 4096;
    private static final int ROWS_A_THREAD = 128;

    int chunks() {
        return starts.length - 1;
    }

    int size() {
        return rows.count();
    }

    /** Cuts all chunks into groups of some thousand tokens; a longer chunk is a group of its own. */
    static List<Group> of(int[] lengths, int threads) {
        int wanted = Math.clamp((long) ROWS_A_THREAD * threads, MIN_ROWS, MAX_ROWS);
        List<Group> groups = new ArrayList<>();
        int chunk = 0;
        while (chunk < lengths.length) {
            int end = chunk + 1;
            int size = lengths[chunk];
            while (end < lengths.length && size + lengths[end] <= wanted) {
                size += lengths[end++];
            }
            groups.add(of(lengths, chunk, end, size));
            chunk = end;
        }
        return groups;
    }

    private static Group of(int[] lengths, int from, int to, int size) {
        int[] starts = new int[to - from + 1];
        int[] chunk = new int[size];
        int[] position = new int[size];
        int row = 0;
        for (int c = from; c < to; c++) {
            starts[c - from] = row;
            for (int p = 0; p < lengths[c]; p++) {
                chunk[row] = c;
                position[row++] = p;
            }
        }
        starts[to - from] = row;
        return new Group(from, starts, new Rows(size, chunk, position));
    }
}
