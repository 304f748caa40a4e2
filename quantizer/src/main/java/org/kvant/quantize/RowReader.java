package org.kvant.quantize;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;

/**
 * Reads pieces of tensors into memory. Not through the file's mapping: the pages of a mapping that have been touched
 * count as resident memory, and a large model would show as many gigabytes. Thread-safe.
 */
final class RowReader implements AutoCloseable {
    private final GgufFile file;
    private final List<FileChannel> channels = new ArrayList<>();

    RowReader(GgufFile file) throws IOException {
        this.file = file;
        try {
            for (Path part : file.parts()) {
                channels.add(FileChannel.open(part, StandardOpenOption.READ));
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Fills what remains of the buffer with the tensor's bytes from {@code offset} on. */
    void read(TensorInfo tensor, long offset, ByteBuffer into) throws IOException {
        FileChannel channel = channels.get(tensor.part());
        long at = file.fileOffset(tensor) + offset;
        while (into.hasRemaining()) {
            int n = channel.read(into, at);
            if (n < 0) {
                throw new QuantizeException(file.parts().get(tensor.part()) + ": ends inside tensor " + tensor.name()
                        + "; it was shortened while it was read");
            }
            at += n;
        }
    }

    @Override
    public void close() throws IOException {
        for (FileChannel channel : channels) {
            channel.close();
        }
    }
}
