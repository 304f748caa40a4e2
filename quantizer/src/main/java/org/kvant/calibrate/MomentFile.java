package org.kvant.calibrate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Finished moments of a layer, outside the heap until all of them are there: upper triangles in a temporary file, one array a tensor. What
 * was never written is zeros. Not thread-safe.
 */
final class MomentFile implements AutoCloseable {
    /** Ends names of files that a run which was killed leaves, and the next one removes. */
    static final String SUFFIX = ".tmp";

    private static final int BUFFER_FLOATS = 1 << 18;

    private final Path file;
    private final FileChannel channel;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Long> offsets = new LinkedHashMap<>();
    private final ByteBuffer buffer =
            ByteBuffer.allocate(BUFFER_FLOATS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long end;

    private MomentFile(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** @param folder that has room for it */
    static MomentFile create(Path folder) throws IOException {
        Path file = Files.createTempFile(folder, "kvant-moments", SUFFIX);
        try {
            return new MomentFile(file, FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    /** Reserves room for the triangles of a tensor's matrices. */
    void reserve(String name, int columns, int matrices) {
        offsets.put(name, end);
        end += bytes(columns) * matrices;
    }

    private static long bytes(int columns) {
        return GradientFormat.triangle(columns) * Float.BYTES;
    }

    /**
     * Writes the triangle of one matrix.
     *
     * @param square whose lower triangle, mirrored, is written; {@code columns × columns}
     * @param factor that each value is multiplied with
     */
    void write(String name, int matrix, float[] square, int columns, float factor) throws IOException {
        long at = offset(name) + matrix * bytes(columns);
        buffer.clear();
        for (int i = 0; i < columns; i++) {
            for (int j = i; j < columns; j++) {
                if (!buffer.hasRemaining()) {
                    at = flush(at);
                }
                buffer.putFloat(square[j * columns + i] * factor);
            }
        }
        flush(at);
    }

    private long offset(String name) {
        Long offset = offsets.get(name);
        if (offset == null) {
            throw new IllegalArgumentException("nothing is reserved for " + name);
        }
        return offset;
    }

    private long flush(long at) throws IOException {
        buffer.flip();
        long next = at;
        while (buffer.hasRemaining()) {
            next += channel.write(buffer, next);
        }
        buffer.clear();
        return next;
    }

    /** All triangles of a tensor, valid until this is closed. */
    MemorySegment triangles(String name, int columns, int matrices) {
        try {
            if (channel.size() < end) {
                // What has been written last may not be the last.
                channel.write(ByteBuffer.allocate(1), end - 1);
            }
            return channel.map(FileChannel.MapMode.READ_ONLY, offset(name), bytes(columns) * matrices, arena);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes the file. */
    @Override
    public void close() throws IOException {
        arena.close();
        channel.close();
        Files.deleteIfExists(file);
    }
}
