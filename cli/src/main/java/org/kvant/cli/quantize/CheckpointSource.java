package org.kvant.cli.quantize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvant.cli.terminal.ProgressBar;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;

/**
 * The GGUF file to quantize: the one that was named, or one converted from a checkpoint's folder in its own precision, which is removed at the
 * end, also when the program is interrupted.
 */
final class CheckpointSource implements AutoCloseable {
    private final Path gguf;
    private final boolean temporary;

    private CheckpointSource(Path gguf, boolean temporary) {
        this.gguf = gguf;
        this.temporary = temporary;
    }

    /** @param target beside which a converted file goes, where there will be room for it; null for the folder for temporary files */
    static CheckpointSource open(Path input, @Nullable Path target, boolean quiet) throws IOException {
        if (!Files.isDirectory(input)) {
            return new CheckpointSource(input, false);
        }
        Path converted = target == null
                ? Files.createTempFile("kvant-", ".gguf")
                : target.toAbsolutePath().resolveSibling("." + target.getFileName() + ".converted.gguf");
        converted.toFile().deleteOnExit();
        CheckpointSource source = new CheckpointSource(converted, true);
        try (ProgressBar progress = new ProgressBar()) {
            Converter.convert(input, converted, OutType.AUTO, quiet ? ProgressListener.NONE : progress);
            return source;
        } catch (Throwable e) {
            source.close();
            throw e;
        }
    }

    Path gguf() {
        return gguf;
    }

    @Override
    public void close() throws IOException {
        if (temporary) {
            Files.deleteIfExists(gguf);
        }
    }
}
