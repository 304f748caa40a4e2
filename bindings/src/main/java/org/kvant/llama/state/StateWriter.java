package org.kvant.llama.state;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.state.SequenceState.Part;

/** Writes a sequence's state in the form that {@link SequenceState} reads. */
final class StateWriter {
    private final MemorySegment target;
    private final int sequence;
    private long at;
    private int streamsBehind;
    private int cells;

    /** @param bytes of the whole state */
    StateWriter(Arena arena, long bytes, int sequence) {
        target = arena.allocate(bytes);
        this.sequence = sequence;
        integer(SequenceState.MAGIC);
        integer(sequence);
    }

    /** What comes before a cache's layers: the sequence's cells in the buffer that is its own. */
    void begin(Part part, int streams) {
        integer(streams);
        int own = streams == 1 ? 0 : sequence;
        for (int stream = 0; stream < own; stream++) {
            integer(0);
        }
        streamsBehind = streams - own - 1;
        cells = part.positions().length;
        integer(cells);
        for (int position : part.positions()) {
            integer(position);
            integer(1);
            integer(sequence);
        }
        integer(0); // Values aren't transposed: they never are with flash attention.
        integer(part.keys().size());
    }

    private void integer(int value) {
        target.set(SequenceState.INT, at, value);
        at += Integer.BYTES;
    }

    /** The rows of a layer, to be filled. */
    MemorySegment rows(GgmlType type, int width) {
        long rowBytes = type.bytes(width);
        integer(type.id());
        target.set(SequenceState.LONG, at, rowBytes);
        at += Long.BYTES;
        MemorySegment rows = target.asSlice(at, rowBytes * cells);
        at += rows.byteSize();
        return rows;
    }

    /** What comes behind a cache's layers: the other sequences' buffers, empty. */
    void end() {
        for (int stream = 0; stream < streamsBehind; stream++) {
            integer(0);
        }
    }

    MemorySegment finished() {
        if (at != target.byteSize()) {
            throw new IllegalStateException("wrote " + at + " of " + target.byteSize() + " bytes");
        }
        return target;
    }
}
