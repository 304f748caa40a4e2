package org.kvant.promptstore;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;

/**
 * What must be equal for a stored state to be what would be computed: the model and how its memory is laid out. Of the model's files the beginnings are
 * read, where the metadata is, and some of each tensor: all of it would take as long as loading it from the disk.
 */
public final class Fingerprint {
    private static final int HEAD = 1 << 20;
    private static final int SAMPLE = 256;

    private Fingerprint() {}

    /**
     * 32 bytes that differ where anything of these does.
     *
     * @param model a GGUF file, of a split one the first part
     * @param layout how the memory is laid out, and by which library
     */
    public static byte[] of(Path model, String layout) throws IOException {
        MessageDigest digest = Salt.digest();
        digest.update(layout.getBytes(StandardCharsets.UTF_8));
        try (GgufFile file = GgufFile.open(model)) {
            for (Path part : file.parts()) {
                try (FileChannel in = FileChannel.open(part, StandardOpenOption.READ)) {
                    ByteBuffer head = ByteBuffer.allocate((int) Math.min(HEAD, in.size()));
                    while (head.hasRemaining() && in.read(head) >= 0) {
                        // until it is full
                    }
                    digest.update(head.flip());
                    digest.update(
                            ByteBuffer.allocate(Long.BYTES).putLong(in.size()).flip());
                }
            }
            for (TensorInfo tensor : file.tensors()) {
                MemorySegment data = file.data(tensor);
                // The middle: beginnings of padded tensors may all be zero.
                long size = Math.min(SAMPLE, data.byteSize());
                digest.update(data.asSlice((data.byteSize() - size) / 2, size).toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return digest.digest();
    }
}
