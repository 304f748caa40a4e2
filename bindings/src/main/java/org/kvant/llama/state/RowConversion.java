package org.kvant.llama.state;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.library.GgmlRows;
import org.kvant.llama.library.LlamaException;
import org.kvant.llama.state.SequenceState.Rows;

/** Turns the rows of one cache into another type, layer after layer, except those that are known in that type already. */
final class RowConversion {
    private static final int UNKNOWN = -1;
    /** Values at a time, so that they stay in a core's cache. */
    private static final int PIECE = 1 << 13;

    /** For each row: the place of the same position among the rows that are known. */
    private final int[] known;

    RowConversion(int[] positions, int[] knownPositions) {
        known = new int[positions.length];
        Arrays.fill(known, UNKNOWN);
        if (knownPositions.length > 0) {
            Map<Integer, Integer> places = new HashMap<>();
            for (int place = 0; place < knownPositions.length; place++) {
                places.put(knownPositions[place], place);
            }
            for (int row = 0; row < positions.length; row++) {
                known[row] = places.getOrDefault(positions[row], UNKNOWN);
            }
        }
    }

    /**
     * Converts one layer; several may be converted at a time by different threads.
     *
     * @param ready where the known rows lie in {@code knownState}
     * @param target room for the rows
     * @param rotation size of the blocks to be rotated; 0 for none
     */
    void convert(
            MemorySegment state,
            Rows source,
            @Nullable MemorySegment knownState,
            @Nullable Rows ready,
            MemorySegment target,
            GgmlType type,
            int rotation) {
        long rowBytes = type.bytes(source.width());
        if (ready != null && (ready.type() != type || ready.rowBytes() != rowBytes)) {
            throw new LlamaException("the known part of a sequence has rows of another size");
        }
        try (Arena arena = Arena.ofConfined()) {
            int most = Math.max(1, PIECE / source.width());
            Piece piece = new Piece(arena, most, source, type, rotation);
            for (int row = 0; row < known.length; ) {
                if (known[row] != UNKNOWN && knownState != null && ready != null) {
                    long from = ready.offset() + known[row] * rowBytes;
                    MemorySegment.copy(knownState, from, target, row * rowBytes, rowBytes);
                    row++;
                    continue;
                }
                int end = row + 1;
                while (end < known.length && end - row < most && known[end] == UNKNOWN) {
                    end++;
                }
                piece.convert(
                        state.asSlice(source.offset() + row * source.rowBytes(), (end - row) * source.rowBytes()),
                        target.asSlice(row * rowBytes, (end - row) * rowBytes),
                        end - row);
                row = end;
            }
        }
    }

    /** All rows of a layer as numbers. */
    static float[] floats(MemorySegment state, Rows rows, int count) {
        float[] values = new float[count * rows.width()];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate(ValueLayout.JAVA_FLOAT, values.length);
            GgmlRows.dequantize(
                    rows.type(), state.asSlice(rows.offset(), count * rows.rowBytes()), floats, values.length);
            MemorySegment.copy(floats, ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
        }
        return values;
    }

    /** Room for a few rows on their way. */
    private static final class Piece {
        private final Rows source;
        private final GgmlType type;
        private final int rotation;
        private final float[] values;
        private final short[] halves;
        private final MemorySegment floats;

        Piece(Arena arena, int rows, Rows source, GgmlType type, int rotation) {
            this.source = source;
            this.type = type;
            this.rotation = rotation;
            values = new float[rows * source.width()];
            halves = new short[values.length];
            floats = arena.allocate(ValueLayout.JAVA_FLOAT, values.length);
        }

        void convert(MemorySegment from, MemorySegment to, int rows) {
            if (type == source.type() && rotation == 0) {
                to.copyFrom(from);
                return;
            }
            int count = rows * source.width();
            read(from, count);
            if (rotation > 0) {
                Hadamard.transform(values, count, rotation);
            }
            requireNumbers(count);
            write(to, rows, count);
        }

        private void read(MemorySegment from, int count) {
            if (source.type() == GgmlType.F16) {
                // ggml-base is built for any x86-64 and takes several times as long.
                MemorySegment.copy(from, ValueLayout.JAVA_SHORT_UNALIGNED, 0, halves, 0, count);
                for (int i = 0; i < count; i++) {
                    values[i] = Float.float16ToFloat(halves[i]);
                }
            } else {
                GgmlRows.dequantize(source.type(), from, floats, count);
                MemorySegment.copy(floats, ValueLayout.JAVA_FLOAT, 0, values, 0, count);
            }
        }

        private void write(MemorySegment to, int rows, int count) {
            if (type == GgmlType.F16) {
                for (int i = 0; i < count; i++) {
                    halves[i] = Float.floatToFloat16(values[i]);
                }
                MemorySegment.copy(halves, 0, to, ValueLayout.JAVA_SHORT_UNALIGNED, 0, count);
            } else {
                MemorySegment.copy(values, 0, floats, ValueLayout.JAVA_FLOAT, 0, count);
                GgmlRows.quantize(type, floats, to, rows, source.width());
            }
        }

        /** Some encoders don't survive others. */
        private void requireNumbers(int count) {
            int largest = 0;
            for (int i = 0; i < count; i++) {
                largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
            }
            if (!Float.isFinite(Float.intBitsToFloat(largest))) {
                throw new LlamaException("a cache holds what is no number; the model's weights may be damaged");
            }
        }
    }
}
