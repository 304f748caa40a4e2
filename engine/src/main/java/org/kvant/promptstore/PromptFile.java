package org.kvant.promptstore;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.kvant.gguf.AtomicFile;
import org.kvant.llama.state.SavedSequence;

/**
 * The format of a stored prompt, little-endian: magic, fingerprint (32 bytes), SHA-256 of the salt, number of tokens (int), bytes of the state (long),
 * tokens (ints), CRC-32C of all that (int); the state, and its CRC-32C (int).
 */
final class PromptFile {
    static final String SUFFIX = ".kvprompt";

    private static final long MAGIC = 0x3130_5054_4E41_564BL; // KVANTP01
    private static final int FIXED = Long.BYTES + 2 * Salt.BYTES + Integer.BYTES + Long.BYTES;
    private static final int MOST_TOKENS = 1 << 26;
    /** A buffer holds less than 2 GiB. */
    private static final int CHUNK = 1 << 26;

    private PromptFile() {}

    /** Bytes of a file. */
    static long size(int tokens, long state) {
        return FIXED + (long) Integer.BYTES * tokens + Integer.BYTES + state + Integer.BYTES;
    }

    /** Bytes of the state in a file of {@link #size}. */
    static long stateBytes(int tokens, long size) {
        return size - size(tokens, 0);
    }

    /** Writes a file, which has its name only when it is complete. */
    static void write(Path file, byte[] fingerprint, Salt salt, int[] tokens, SavedSequence state) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(FIXED + Integer.BYTES * tokens.length + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(MAGIC)
                .put(fingerprint)
                .put(salt.bytes())
                .putInt(tokens.length)
                .putLong(state.byteSize());
        for (int token : tokens) {
            head.putInt(token);
        }
        CRC32C headSum = new CRC32C();
        headSum.update(head.array(), 0, head.position());
        head.putInt((int) headSum.getValue()).flip();
        try (AtomicFile out = AtomicFile.create(file)) {
            writeAll(out.channel(), head);
            CRC32C sum = new CRC32C();
            for (long at = 0; at < state.byteSize(); at += CHUNK) {
                ByteBuffer part = state.part(at, (int) Math.min(CHUNK, state.byteSize() - at));
                sum.update(part.duplicate());
                writeAll(out.channel(), part);
            }
            writeAll(
                    out.channel(),
                    ByteBuffer.allocate(Integer.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putInt((int) sum.getValue())
                            .flip());
            out.publish();
        }
    }

    /**
     * Reads all but the state.
     *
     * @throws PromptFileException if this isn't a file for this fingerprint, or a damaged one
     */
    static StoredPrompt readHead(Path file, byte[] fingerprint) throws IOException {
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer head = ByteBuffer.allocate(FIXED).order(ByteOrder.LITTLE_ENDIAN);
            readAll(in, head);
            byte[] whose = new byte[fingerprint.length];
            byte[] salt = new byte[Salt.BYTES];
            if (head.getLong() != MAGIC) {
                throw new PromptFileException("it is no stored prompt of this version");
            }
            head.get(whose).get(salt);
            if (!Arrays.equals(whose, fingerprint)) {
                throw new PromptFileException("it belongs to another model, cache or version of the library");
            }
            int count = head.getInt();
            long state = head.getLong();
            if (count < 1 || count > MOST_TOKENS || state < 1 || in.size() != size(count, state)) {
                throw new PromptFileException("it is damaged: its sizes don't fit");
            }
            ByteBuffer rest = ByteBuffer.allocate(Integer.BYTES * (count + 1)).order(ByteOrder.LITTLE_ENDIAN);
            readAll(in, rest);
            CRC32C sum = new CRC32C();
            sum.update(head.array());
            sum.update(rest.array(), 0, Integer.BYTES * count);
            int[] tokens = new int[count];
            rest.asIntBuffer().get(tokens);
            if (rest.getInt(Integer.BYTES * count) != (int) sum.getValue()) {
                throw new PromptFileException("it is damaged: the checksum of its tokens is wrong");
            }
            return new StoredPrompt(file, new Salt(HexFormat.of().formatHex(salt)), tokens, in.size());
        } catch (EOFException e) {
            throw new PromptFileException("it is damaged: it ends too early");
        }
    }

    /** Reads the state of a file whose head has been read. */
    // The arena is the result's.
    @SuppressWarnings("MustBeClosedChecker")
    static LoadedPrompt readState(StoredPrompt prompt) throws IOException {
        long from = size(prompt.tokens.length, 0) - Integer.BYTES;
        long size = prompt.stateBytes();
        Arena arena = Arena.ofShared();
        try (FileChannel in = FileChannel.open(prompt.file, StandardOpenOption.READ)) {
            if (in.size() != prompt.bytes) {
                throw new PromptFileException("it is damaged: its size has changed");
            }
            SavedSequence state = SavedSequence.allocate(size, arena);
            CRC32C sum = new CRC32C();
            in.position(from);
            for (long at = 0; at < size; at += CHUNK) {
                ByteBuffer part = state.part(at, (int) Math.min(CHUNK, size - at));
                readAll(in, part);
                sum.update(part);
            }
            ByteBuffer expected = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            readAll(in, expected);
            if (expected.getInt() != (int) sum.getValue()) {
                throw new PromptFileException("it is damaged: the checksum of its state is wrong");
            }
            return new LoadedPrompt(prompt, state, arena);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            arena.close();
            throw e;
        }
    }

    private static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            int unused = out.write(bytes);
        }
    }

    /** Fills the buffer and turns it to its beginning. */
    private static void readAll(FileChannel in, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (in.read(bytes) < 0) {
                throw new EOFException();
            }
        }
        bytes.flip();
    }
}
