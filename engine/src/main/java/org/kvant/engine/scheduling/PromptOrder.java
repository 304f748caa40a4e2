package org.kvant.engine.scheduling;

/**
 * Whose prompt is computed next: by priority, then by the time at which it is due. A prompt is due {@value #PATIENCE} times the time that it needs
 * after it came. So one of two equal prompts is finished before the other is begun (halving both would only delay the first), a short one overtakes a long
 * one, and nobody waits for ever: a long one's due time comes. The shares of a step go to few prompts, since many sequences of a few tokens each take ggml far longer than one
 * sequence of as many.
 */
final class PromptOrder {
    static final int PATIENCE = 3;

    private final int[] order;
    private final int[] priorities;
    private final long[] due;
    private int size;

    /** @param most prompts that can be added */
    PromptOrder(int most) {
        order = new int[most];
        priorities = new int[most];
        due = new long[most];
    }

    void clear() {
        size = 0;
    }

    /**
     * @param index handed back by {@link #get}
     * @param priority lower ones go first
     * @param submitNanos when it came, by {@link System#nanoTime()}
     * @param neededNanos what is left of it takes
     */
    void add(int index, int priority, long submitNanos, long neededNanos) {
        long time = submitNanos + PATIENCE * neededNanos;
        int at = size++;
        // Few at a time: one for each sequence at the most.
        while (at > 0 && before(priority, time, at - 1)) {
            order[at] = order[at - 1];
            priorities[at] = priorities[at - 1];
            due[at] = due[at - 1];
            at--;
        }
        order[at] = index;
        priorities[at] = priority;
        due[at] = time;
    }

    private boolean before(int priority, long time, int other) {
        // Times by nanoTime may overflow: only their difference says something.
        return priority != priorities[other] ? priority < priorities[other] : time - due[other] < 0;
    }

    int size() {
        return size;
    }

    /** The index of the {@code place}th. */
    int get(int place) {
        return order[place];
    }
}
