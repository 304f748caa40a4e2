package org.kvant.llama.state;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.checks.CacheTypes;
import org.kvant.llama.library.Limits;
import org.kvant.llama.library.LlamaException;

/**
 * Where the rows lie in a copy of what a context remembers of a sequence ({@link SavedSequence}), as {@code llama_context::state_seq_get_data} and
 * {@code llama_kv_cache::state_write} of the pinned version write it: caches of keys and values one after the other (two where some layers have a sliding
 * window), each with the positions of its cells and then a row for each cell, layer after layer. Other kinds of memory have other forms and are refused.
 *
 * @param parts the caches, in the order in which they are written
 */
record SequenceState(List<Part> parts) {
    /** {@code io_magic} in llama-context.cpp. */
    static final int MAGIC = 0xaf143cd8;

    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    /** Bytes before the first cache: magic and sequence. */
    static final int HEADER = 8;
    /** Bytes for each cell: position, number of sequences (1), sequence. */
    static final int CELL = 12;
    /** Bytes before the rows of a layer: type and size of a row. */
    static final int ROWS_HEADER = 12;

    /**
     * One cache.
     *
     * @param streams buffers of cells; all but the sequence's own are left out
     * @param positions of the cells, in the order of the rows
     * @param keys rows of each layer
     * @param values rows of each layer
     */
    record Part(int streams, int[] positions, List<Rows> keys, List<Rows> values) {}

    /**
     * A row for each cell.
     *
     * @param offset of the first row in the copy
     * @param rowBytes of each
     */
    record Rows(GgmlType type, long offset, long rowBytes) {
        /** Values of each row. */
        int width() {
            return (int) (rowBytes / type.bytes(type.blockSize()) * type.blockSize());
        }
    }

    /**
     * Reads where the rows lie.
     *
     * @throws LlamaException if the copy isn't of that form
     */
    static SequenceState of(MemorySegment state) {
        try {
            return new Reader(state).read();
        } catch (IndexOutOfBoundsException e) {
            throw new LlamaException("a sequence's state ends too early: its form isn't that of a KV cache");
        }
    }

    private static final class Reader {
        private final MemorySegment state;
        private long at;

        Reader(MemorySegment state) {
            this.state = state;
        }

        SequenceState read() {
            require(integer() == MAGIC, "magic");
            integer();
            List<Part> parts = new ArrayList<>();
            while (at < state.byteSize()) {
                parts.add(part());
            }
            require(!parts.isEmpty(), "no cells");
            return new SequenceState(parts);
        }

        private Part part() {
            int streams = integer();
            require(streams >= 1 && streams <= Limits.SEQUENCES, "streams");
            int[] positions = {};
            List<Rows> keys = List.of();
            List<Rows> values = List.of();
            for (int stream = 0; stream < streams; stream++) {
                int cells = integer();
                if (cells == 0) {
                    continue;
                }
                require(positions.length == 0 && cells > 0 && cells <= Limits.CONTEXT, "cells");
                positions = positions(cells);
                require(integer() == 0, "transposed values");
                int layers = integer();
                require(layers > 0 && layers <= 1 << 12, "layers");
                keys = layers(layers, cells);
                values = layers(layers, cells);
            }
            return new Part(streams, positions, keys, values);
        }

        private int[] positions(int cells) {
            require((long) cells * CELL <= state.byteSize() - at, "cells");
            int[] positions = new int[cells];
            for (int i = 0; i < cells; i++) {
                positions[i] = integer();
                require(integer() == 1, "sequences of a cell");
                integer();
            }
            return positions;
        }

        private List<Rows> layers(int count, int cells) {
            List<Rows> layers = new ArrayList<>(count);
            for (int layer = 0; layer < count; layer++) {
                GgmlType type = type(integer());
                long rowBytes = state.get(LONG, at);
                at += Long.BYTES;
                require(
                        rowBytes > 0 && rowBytes <= state.byteSize() && rowBytes % type.bytes(type.blockSize()) == 0,
                        "size of a row");
                layers.add(new Rows(type, at, rowBytes));
                at += rowBytes * cells;
                require(at <= state.byteSize(), "rows");
            }
            return layers;
        }

        private static GgmlType type(int id) {
            for (GgmlType type : CacheTypes.ALL) {
                if (type.id() == id) {
                    return type;
                }
            }
            throw wrong("type " + id);
        }

        private int integer() {
            int value = state.get(INT, at);
            at += Integer.BYTES;
            return value;
        }

        private static void require(boolean right, String what) {
            if (!right) {
                throw wrong(what);
            }
        }

        private static LlamaException wrong(String what) {
            return new LlamaException("a sequence's state isn't that of a KV cache (" + what + ")");
        }
    }
}
