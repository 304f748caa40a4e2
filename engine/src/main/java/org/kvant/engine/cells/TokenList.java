package org.kvant.engine.cells;

import java.util.Arrays;
import java.util.Objects;

/** A growing list of token ids without boxing. */
public final class TokenList {
    private int[] items;
    private int size;

    public TokenList(int[] initial, int extra) {
        items = Arrays.copyOf(initial, initial.length + extra);
        size = initial.length;
    }

    public int size() {
        return size;
    }

    public int get(int index) {
        return items[index];
    }

    public void add(int token) {
        if (size == items.length) {
            items = Arrays.copyOf(items, Math.max(16, size * 2));
        }
        items[size++] = token;
    }

    /** A copy of the first {@code length}. */
    int[] first(int length) {
        return Arrays.copyOf(items, Objects.checkIndex(length, size + 1));
    }

    /** Takes out those from {@code from} to before {@code to}. */
    public void remove(int from, int to) {
        Objects.checkFromToIndex(from, to, size);
        System.arraycopy(items, to, items, from, size - to);
        size -= to - from;
    }

    /** Length of the common beginning with {@code other}. */
    public int commonPrefix(TokenList other) {
        return commonPrefix(other.items, other.size);
    }

    /** Length of the common beginning with the first {@code length} of these tokens. */
    public int commonPrefix(int[] other, int length) {
        int n = Math.min(size, length);
        int mismatch = Arrays.mismatch(items, 0, n, other, 0, n);
        return mismatch < 0 ? n : mismatch;
    }
}
