package org.kvant.engine.cost;

import java.util.function.IntUnaryOperator;

/**
 * Which sequences a decode has a row of, where each has a buffer of its own: llama.cpp computes a run of neighbours in one pass over the weights, and each further
 * run in a pass of its own ({@code split_equal} in llama-batch.cpp). Belongs to the decode thread.
 */
public final class SequenceRuns {
    private final boolean[] taken;
    private final boolean[] available;

    public SequenceRuns(int sequences) {
        taken = new boolean[sequences];
        available = new boolean[sequences];
    }

    /** @param free whether a row could be added, if it isn't taken */
    public void set(int sequence, boolean used, boolean free) {
        taken[sequence] = used;
        available[sequence] = free && !used;
    }

    public boolean taken(int sequence) {
        return taken[sequence];
    }

    /** Fills gaps between runs where one pass is cheaper than two. */
    public void join(StepCosts costs) {
        int begin = next(0);
        while (begin < taken.length) {
            int end = end(begin);
            int following = next(end);
            if (following == taken.length) {
                return;
            }
            int further = end(following) - following;
            boolean cheaper = costs.nanos(end(following) - begin) < costs.nanos(end - begin) + costs.nanos(further);
            if (cheaper && free(end, following)) {
                take(end, following);
            } else {
                begin = following;
            }
        }
    }

    /**
     * Makes runs longer.
     *
     * @param wanted what a run's length should be, by its length
     */
    public void lengthen(IntUnaryOperator wanted) {
        for (int begin = next(0); begin < taken.length; ) {
            int end = end(begin);
            int missing = wanted.applyAsInt(end - begin) - (end - begin);
            // A neighbouring run isn't touched: together they would be of another length.
            int behind = 0;
            while (behind < missing && mayTake(end + behind, end + behind + 1)) {
                behind++;
            }
            int before = 0;
            while (before < missing - behind && mayTake(begin - before - 1, begin - before - 2)) {
                before++;
            }
            if (before + behind == missing) {
                take(begin - before, begin);
                take(end, end + behind);
                end += behind;
            }
            begin = next(end);
        }
    }

    private boolean mayTake(int sequence, int beyond) {
        boolean exists = sequence >= 0 && sequence < taken.length && available[sequence];
        return exists && (beyond < 0 || beyond >= taken.length || !taken[beyond]);
    }

    private boolean free(int begin, int end) {
        for (int i = begin; i < end; i++) {
            if (!available[i]) {
                return false;
            }
        }
        return true;
    }

    private void take(int begin, int end) {
        for (int i = begin; i < end; i++) {
            taken[i] = true;
            available[i] = false;
        }
    }

    private int next(int from) {
        int i = from;
        while (i < taken.length && !taken[i]) {
            i++;
        }
        return i;
    }

    private int end(int begin) {
        int i = begin;
        while (i < taken.length && taken[i]) {
            i++;
        }
        return i;
    }
}
