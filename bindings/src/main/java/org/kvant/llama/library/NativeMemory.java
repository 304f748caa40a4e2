package org.kvant.llama.library;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Native memory by address, for what is called thousands of times a token. Nothing is checked: callers know what lies there. */
public final class NativeMemory {
    /** All of it. */
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private NativeMemory() {}

    public static short getShort(long address) {
        return ALL.get(SHORT, address);
    }

    /** An IEEE half as a float. */
    public static float getHalf(long address) {
        return Float.float16ToFloat(ALL.get(SHORT, address));
    }

    public static int getInt(long address) {
        return ALL.get(INT, address);
    }

    public static void putInt(long address, int value) {
        ALL.set(INT, address, value);
    }

    public static long getLong(long address) {
        return ALL.get(LONG, address);
    }

    public static void putLong(long address, long value) {
        ALL.set(LONG, address, value);
    }

    public static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    public static float getFloat(long address) {
        return ALL.get(FLOAT, address);
    }
}
