package org.kvant.llama.sampling;

/** The smallest of many numbers, in order. They are few, and most of what is offered is larger: an insertion is cheaper than any heap. Not thread-safe. */
final class Smallest {
    private final long[] kept;
    private int most;
    private int size;

    /** @param capacity the most that are ever kept */
    Smallest(int capacity) {
        kept = new long[capacity];
    }

    int capacity() {
        return kept.length;
    }

    /**
     * Forgets all.
     *
     * @param most numbers to keep, 1 to {@link #capacity}
     */
    void begin(int most) {
        this.most = most;
        size = 0;
    }

    void offer(long number) {
        if (size < most) {
            size++;
        } else if (number >= kept[size - 1]) {
            return;
        }
        int at = size - 1;
        while (at > 0 && kept[at - 1] > number) {
            kept[at] = kept[at - 1];
            at--;
        }
        kept[at] = number;
    }

    /** The {@code place}th smallest, from 0; at least so many more were offered. */
    long get(int place) {
        return kept[place];
    }
}
