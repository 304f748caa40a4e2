package org.kvant.llama.state;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.kvant.llama.library.NativeHandle;

/**
 * A copy of what a context remembers of a sequence, in native memory and in a form that only the same library, model and kind of memory can read. Lives as long as
 * the arena that it was made in.
 */
public final class SavedSequence {
    private final MemorySegment bytes;

    /** @param bytes native memory of the arena */
    SavedSequence(MemorySegment bytes) {
        this.bytes = bytes;
    }

    /** Room for a copy, such as one that is read from a file. */
    public static SavedSequence allocate(long size, Arena arena) {
        return new SavedSequence(arena.allocate(Math.max(1, size)));
    }

    public long byteSize() {
        return bytes.byteSize();
    }

    /**
     * A part of it, to be read or written: what it holds must be what {@code Memory.save} gave.
     *
     * @param from bytes before it
     */
    public ByteBuffer part(long from, int size) {
        return bytes.asSlice(from, size).asByteBuffer();
    }

    /** For the packages beside this one. */
    public NativeHandle handle() {
        return new NativeHandle(bytes);
    }

    MemorySegment segment() {
        return bytes;
    }
}
