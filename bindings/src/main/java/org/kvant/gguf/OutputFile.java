package org.kvant.gguf;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;

/** A text file that is opened before the work, so that what prevents it is said at once, and gets its name when complete. */
public final class OutputFile implements AutoCloseable {
    /** Writes the text. */
    @FunctionalInterface
    public interface Content {
        void write(Writer out) throws IOException;
    }

    private final AtomicFile file;

    private OutputFile(AtomicFile file) {
        this.file = file;
    }

    /**
     * @param inputs files that it must not replace
     * @throws GgufException if it is one of the inputs
     * @throws IOException naming the file if it cannot be written
     */
    public static OutputFile create(Path target, Collection<Path> inputs) throws IOException {
        for (Path input : inputs) {
            if (Files.exists(target) && Files.exists(input) && Files.isSameFile(target, input)) {
                throw new GgufException(target, "", "is one of the inputs; name another file to write", "");
            }
        }
        return new OutputFile(AtomicFile.create(target));
    }

    /** Writes everything in UTF-8 and gives the file its name. */
    public void publish(Content content) throws IOException {
        Writer out = new BufferedWriter(Channels.newWriter(file.channel(), StandardCharsets.UTF_8), 1 << 16);
        content.write(out);
        out.flush();
        file.force();
        file.publish();
    }

    /** Leaves nothing behind unless it has been published. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
