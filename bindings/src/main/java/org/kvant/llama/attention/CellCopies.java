package org.kvant.llama.attention;

import java.util.Arrays;

/**
 * Which cells of a cache's streams are copies of each other: those that were copied from one stream to another and have not been written since, in runs of
 * {@value #RUN}. Not thread-safe.
 */
public final class CellCopies {
    /** Cells that are kept track of together. */
    public static final int RUN = 32;

    private final int cells;
    /** For each run of each stream the same number as all its copies have; 0 if there are none. */
    private final long[][] origins;

    /** 0 for as long as nothing was ever copied. */
    private long lastOrigin;

    private SharedCells known = SharedCells.none(0);
    private int knownFirst;
    private int knownRuns;

    /** @param cells of each stream */
    public CellCopies(int streams, int cells) {
        this.cells = cells;
        origins = new long[streams][(cells + RUN - 1) / RUN];
    }

    /** @param cell counted through all streams */
    public void written(long cell) {
        int stream = (int) (cell / cells);
        if (lastOrigin == 0 || cell < 0 || stream >= origins.length) {
            return;
        }
        int run = (int) (cell % cells) / RUN;
        if (origins[stream][run] != 0) {
            origins[stream][run] = 0;
            forget();
        }
    }

    /** All cells of a stream were copied to another. */
    public void copied(int from, int to) {
        long[] source = origins[from];
        for (int run = 0; run < source.length; run++) {
            if (source[run] == 0) {
                source[run] = ++lastOrigin;
            }
        }
        System.arraycopy(source, 0, origins[to], 0, source.length);
        forget();
    }

    /** Any cell of a stream may have been written. */
    public void rewritten(int stream) {
        Arrays.fill(origins[stream], 0);
        forget();
    }

    private void forget() {
        known = SharedCells.none(0);
    }

    /**
     * What some streams have in common.
     *
     * @param first of the streams
     * @param cells that are looked at
     * @return the streams, counted from {@code first}
     */
    public SharedCells shared(int first, int streams, int cells) {
        int runs = cells / RUN;
        if (known.order().length != streams || knownFirst != first || knownRuns != runs) {
            known = lastOrigin == 0 ? SharedCells.none(streams) : group(first, streams, runs);
            knownFirst = first;
            knownRuns = runs;
        }
        return known;
    }

    /** Each stream in turn takes those that have at least half as much in common with it as the one that has most. */
    private SharedCells group(int first, int streams, int runs) {
        int[] order = new int[streams];
        int[] ends = new int[streams];
        int[] shared = new int[streams];
        boolean[] taken = new boolean[streams];
        int[] common = new int[streams];
        int at = 0;
        int groups = 0;
        for (int stream = 0; stream < streams; stream++) {
            if (taken[stream]) {
                continue;
            }
            int most = 0;
            for (int other = stream + 1; other < streams; other++) {
                common[other] = taken[other] ? 0 : common(first + stream, first + other, runs);
                most = Math.max(most, common[other]);
            }
            order[at++] = stream;
            int least = most;
            for (int other = stream + 1; other < streams; other++) {
                if (common[other] > 0 && 2 * common[other] >= most) {
                    order[at++] = other;
                    taken[other] = true;
                    least = Math.min(least, common[other]);
                }
            }
            ends[groups] = at;
            shared[groups++] = least * RUN;
        }
        return new SharedCells(order, Arrays.copyOf(ends, groups), Arrays.copyOf(shared, groups));
    }

    /** Runs from the first on. */
    private int common(int stream, int other, int runs) {
        long[] a = origins[stream];
        long[] b = origins[other];
        int run = 0;
        while (run < Math.min(runs, a.length) && a[run] != 0 && a[run] == b[run]) {
            run++;
        }
        return run;
    }
}
