package org.kvant.network;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One vector for every token of every chunk: the states at a layer's boundary, or gradients there. In the heap, or in a
 * mapped temporary file. Reading is thread-safe, and writing of different chunks.
 */
public final class HiddenStates implements AutoCloseable {
    private final int width;
    private final long[] starts;
    private final MemorySegment values;
    private final @Nullable Arena arena;
    private final @Nullable Path file;

    private HiddenStates(int width, long[] starts, MemorySegment values, @Nullable Arena arena, @Nullable Path file) {
        this.width = width;
        this.starts = starts;
        this.values = values;
        this.arena = arena;
        this.file = file;
    }

    /**
     * Zeros in the heap.
     *
     * @param lengths tokens of each chunk
     * @throws IllegalArgumentException if an array cannot hold so many
     */
    public static HiddenStates inHeap(int[] lengths, int width) {
        long[] starts = starts(lengths);
        long floats = starts[lengths.length] * width;
        if (floats > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(floats + " values do not fit an array; keep them in a file");
        }
        return new HiddenStates(width, starts, MemorySegment.ofArray(new float[(int) floats]), null, null);
    }

    /** Zeros in a temporary file, which {@link #close} deletes. */
    @SuppressWarnings("MustBeClosedChecker") // closed by close(), or here when creating fails
    public static HiddenStates inFile(int[] lengths, int width, Path folder) throws IOException {
        long[] starts = starts(lengths);
        long bytes = starts[lengths.length] * width * Float.BYTES;
        Path file = Files.createTempFile(folder, "kvant-states", ".tmp");
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return new HiddenStates(
                    width, starts, channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena), arena, file);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private static long[] starts(int[] lengths) {
        long[] starts = new long[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            if (lengths[i] < 1) {
                throw new IllegalArgumentException("chunk " + i + " is empty");
            }
            starts[i + 1] = starts[i] + lengths[i];
        }
        return starts;
    }

    /** Number of chunks. */
    public int chunks() {
        return starts.length - 1;
    }

    /** Tokens of a chunk. */
    public int tokens(int chunk) {
        return (int) (starts[chunk + 1] - starts[chunk]);
    }

    /** Tokens of every chunk. */
    public int[] lengths() {
        int[] lengths = new int[chunks()];
        Arrays.setAll(lengths, this::tokens);
        return lengths;
    }

    /** Tokens of all chunks. */
    public long tokens() {
        return starts[chunks()];
    }

    /** Length of a vector. */
    public int width() {
        return width;
    }

    /** Copies {@code count} tokens' vectors, from token {@code first} of a chunk on; they may reach into the next chunks. */
    public void read(int chunk, int first, int count, float[] target, int targetOffset) {
        MemorySegment.copy(
                values, ValueLayout.JAVA_FLOAT_UNALIGNED, at(chunk, first, count), target, targetOffset, count * width);
    }

    /** Replaces {@code count} tokens' vectors, from token {@code first} of a chunk on. */
    public void write(int chunk, int first, int count, float[] source, int sourceOffset) {
        MemorySegment.copy(
                source, sourceOffset, values, ValueLayout.JAVA_FLOAT_UNALIGNED, at(chunk, first, count), count * width);
    }

    private long at(int chunk, int first, int count) {
        long row = starts[chunk] + first;
        if (first < 0 || count < 0 || row + count > tokens()) {
            throw new IndexOutOfBoundsException(
                    "tokens " + first + " to " + (first + count) + " of chunk " + chunk + " of " + chunks());
        }
        return row * width * Float.BYTES;
    }

    /** Takes over all values of states of the same chunks and width. */
    public void copyFrom(HiddenStates other) {
        if (width != other.width || !Arrays.equals(starts, other.starts)) {
            throw new IllegalArgumentException("the states are of other chunks or of another width");
        }
        MemorySegment.copy(other.values, 0, values, 0, values.byteSize());
    }

    /** A copy in the heap. */
    public HiddenStates copy() {
        HiddenStates copy = inHeap(lengths(), width);
        copy.copyFrom(this);
        return copy;
    }

    /** Deletes the file, if there is one. */
    @Override
    public void close() throws IOException {
        if (arena != null && arena.scope().isAlive()) {
            arena.close();
        }
        if (file != null) {
            Files.deleteIfExists(file);
        }
    }
}
