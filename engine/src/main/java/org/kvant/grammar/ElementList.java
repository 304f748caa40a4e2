package org.kvant.grammar;

import java.util.Arrays;

/** Elements of a rule that is being read. */
final class ElementList {
    private byte[] types = new byte[8];
    private int[] values = new int[8];
    private int size;

    void add(byte type, int value) {
        if (size == types.length) {
            types = Arrays.copyOf(types, 2 * size);
            values = Arrays.copyOf(values, 2 * size);
        }
        types[size] = type;
        values[size++] = value;
    }

    int size() {
        return size;
    }

    byte type(int index) {
        return types[index];
    }

    int value(int index) {
        return values[index];
    }

    /** Takes out everything from {@code from} on. */
    ElementList cut(int from) {
        ElementList rest = new ElementList();
        for (int i = from; i < size; i++) {
            rest.add(types[i], values[i]);
        }
        size = from;
        return rest;
    }

    void copyTo(byte[] targetTypes, int[] targetValues, int offset) {
        System.arraycopy(types, 0, targetTypes, offset, size);
        System.arraycopy(values, 0, targetValues, offset, size);
    }
}
