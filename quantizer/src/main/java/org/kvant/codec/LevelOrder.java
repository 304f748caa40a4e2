package org.kvant.codec;

import java.util.Arrays;

/** Sorts items by keys that are not negative, without allocating. */
final class LevelOrder {

    /** The key's bits, which order like the keys, above the item. */
    private final long[] entries;

    LevelOrder(int size) {
        this.entries = new long[size];
    }

    void set(int place, float key, int item) {
        entries[place] = (long) Float.floatToRawIntBits(key) << 32 | item;
    }

    /** Sorts the first n ascending. */
    void sort(int n) {
        Arrays.sort(entries, 0, n);
    }

    int item(int place) {
        return (int) entries[place];
    }

    float key(int place) {
        return Float.intBitsToFloat((int) (entries[place] >>> 32));
    }
}
