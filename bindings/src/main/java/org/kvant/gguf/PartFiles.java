package org.kvant.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The files that a {@link GgufWriter} fills: bytes in order at each one's end, or anywhere, and all get their names at once. After a
 * failure they are only good for closing. One thread at a time, except for {@link #writeAt} and {@link #flush}.
 */
final class PartFiles implements AutoCloseable {
    private static final int STAGING_BYTES = 1 << 20;
    private static final long CHUNK_BYTES = 64L << 20;
    private static final String MAKE_ROOM = "Nothing was left behind: free some space, or write to another disk";

    private final Path target;
    private final List<AtomicFile> files = new ArrayList<>();
    private final ByteBuffer staging = ByteBuffer.allocateDirect(STAGING_BYTES);
    private boolean closed;
    private volatile boolean failed;

    /** @param target for messages */
    PartFiles(Path target) {
        this.target = target;
    }

    /** Begins one more file. */
    void add(Path path) throws IOException {
        files.add(AtomicFile.create(path));
    }

    /** @throws IllegalStateException if they are closed or writing has failed */
    void requireUsable() {
        if (closed || failed) {
            throw new IllegalStateException("the writer of " + target + (closed ? " is closed" : " has failed"));
        }
    }

    /** Refuses a disk with less room than the data needs. */
    void checkSpace(long bytes) throws IOException {
        long usable = Files.getFileStore(target.toAbsolutePath().getParent()).getUsableSpace();
        // Some network file systems report 0 for "unknown".
        if (usable > 0 && usable < bytes) {
            throw new GgufException(
                    target, "", "needs " + bytes + " bytes, but the disk has only " + usable + " left", MAKE_ROOM);
        }
    }

    /** Writes at the end of a file. */
    void append(int part, MemorySegment bytes) throws IOException {
        long size = bytes.byteSize();
        if (bytes.isNative()) {
            for (long at = 0; at < size; at += CHUNK_BYTES) {
                append(part, bytes.asSlice(at, Math.min(CHUNK_BYTES, size - at)).asByteBuffer());
            }
            return;
        }
        // Heap data goes through one buffer of ours: the channel would otherwise cache a direct buffer as large as the
        // largest piece.
        for (long at = 0; at < size; at += STAGING_BYTES) {
            int piece = (int) Math.min(STAGING_BYTES, size - at);
            MemorySegment.copy(bytes, at, MemorySegment.ofBuffer(staging.clear()), 0, piece);
            append(part, staging.limit(piece));
        }
    }

    private void append(int part, ByteBuffer buffer) throws IOException {
        FileChannel channel = files.get(part).channel();
        try {
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** Writes at a place of a file; by any number of threads at once. */
    void writeAt(int part, long at, MemorySegment bytes) throws IOException {
        // The channel copies heap data through a direct buffer that it caches for each thread: keep that small.
        long chunk = bytes.isNative() ? CHUNK_BYTES : STAGING_BYTES;
        FileChannel channel = files.get(part).channel();
        try {
            for (long done = 0; done < bytes.byteSize(); done += chunk) {
                ByteBuffer piece = bytes.asSlice(done, Math.min(chunk, bytes.byteSize() - done))
                        .asByteBuffer();
                long position = at + done;
                while (piece.hasRemaining()) {
                    position += channel.write(piece, position);
                }
            }
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** Fills a file with zeros up to a size: the padding after the last tensor, if nothing else lacks. */
    void extend(int part, long size) throws IOException {
        long present = files.get(part).channel().size();
        writeAt(part, present, MemorySegment.ofArray(new byte[Math.toIntExact(Math.max(0, size - present))]));
    }

    /** Sends what has been written so far to the disk; on any thread. */
    void flush() throws IOException {
        for (AtomicFile file : files) {
            file.channel().force(false);
        }
    }

    /** Forces all files to the disk and gives them their names, the first last, so that an incomplete set never opens. */
    void publish() throws IOException {
        try {
            for (AtomicFile file : files) {
                file.force();
            }
            for (AtomicFile file : files.reversed()) {
                file.publish();
            }
        } catch (IOException e) {
            for (AtomicFile file : files) {
                file.withdraw();
            }
            throw failure(e);
        }
        closed = true;
    }

    private GgufException failure(IOException cause) {
        failed = true;
        String message = String.valueOf(cause.getMessage());
        if (message.contains("Bad address")) {
            // The kernel cannot read what we gave it: a mapped input shrank.
            return new GgufException(
                    target,
                    "",
                    "writing failed: an input was truncated while it was read",
                    "Nothing was left behind",
                    cause);
        }
        boolean full = message.contains("space") || message.contains("quota") || message.contains("too large");
        return new GgufException(
                target, "", "writing failed: " + message, full ? MAKE_ROOM : "Nothing was left behind", cause);
    }

    /** Removes what has not been published; does nothing the second time. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        IOException first = null;
        for (AtomicFile file : files) {
            try {
                file.close();
            } catch (IOException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
