package org.kvant.quantize;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;

/**
 * Maps pieces of tensors, each for as long as it is needed. Not through the mapping of the whole file: its pages would count
 * as resident memory once touched, and a large model show as many gigabytes. Thread-safe.
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

    /**
     * Bytes of a tensor, read-only, valid until the arena is closed.
     *
     * @throws QuantizeException if the file has become shorter than it was
     */
    MemorySegment map(TensorInfo tensor, long offset, long bytes, Arena arena) throws IOException {
        FileChannel channel = channels.get(tensor.part());
        long at = file.fileOffset(tensor) + offset;
        if (at + bytes > channel.size()) {
            throw shortened(tensor);
        }
        return channel.map(FileChannel.MapMode.READ_ONLY, at, bytes, arena);
    }

    QuantizeException shortened(TensorInfo tensor) {
        return new QuantizeException(file.parts().get(tensor.part()) + ": ends inside tensor " + tensor.name()
                + "; it was shortened while it was read");
    }

    @Override
    public void close() throws IOException {
        for (FileChannel channel : channels) {
            channel.close();
        }
    }
}
