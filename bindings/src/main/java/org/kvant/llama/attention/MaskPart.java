package org.kvant.llama.attention;

import org.kvant.llama.library.NativeMemory;

/** A few cells of one token's mask. */
public final class MaskPart {
    private static final short MASKED = (short) 0xFC00;
    private static final long FOUR_MASKED = 0xFC00_FC00_FC00_FC00L;
    private static final int IN_LONG = Long.BYTES / Short.BYTES;

    private MaskPart() {}

    /** Cells up to the last one that is not masked; 0 if all are. */
    public static int visible(long mask, int cells) {
        int end = cells;
        while (end % IN_LONG != 0 && isMasked(mask, end - 1)) {
            end--;
        }
        if (end % IN_LONG == 0) {
            while (end > 0 && NativeMemory.getLong(mask + (end - IN_LONG) * (long) Short.BYTES) == FOUR_MASKED) {
                end -= IN_LONG;
            }
            while (end > 0 && isMasked(mask, end - 1)) {
                end--;
            }
        }
        return end;
    }

    /** Whether the mask adds nothing to any of the cells. */
    public static boolean isClear(long mask, int cells) {
        long all = 0;
        int cell = 0;
        for (; cell + IN_LONG <= cells; cell += IN_LONG) {
            all |= NativeMemory.getLong(mask + cell * (long) Short.BYTES);
        }
        for (; cell < cells; cell++) {
            all |= NativeMemory.getShort(mask + cell * (long) Short.BYTES);
        }
        return all == 0;
    }

    /** Adds the mask to products, each {@code stride} behind the one before. */
    public static void add(long mask, int cells, float[] products, int at, int stride) {
        for (int cell = 0; cell < cells; cell++) {
            short bits = NativeMemory.getShort(mask + cell * (long) Short.BYTES);
            if (bits == MASKED) {
                products[at + cell * stride] = Float.NEGATIVE_INFINITY;
            } else if (bits != 0) {
                products[at + cell * stride] += Float.float16ToFloat(bits);
            }
        }
    }

    private static boolean isMasked(long mask, int cell) {
        return NativeMemory.getShort(mask + cell * (long) Short.BYTES) == MASKED;
    }
}
