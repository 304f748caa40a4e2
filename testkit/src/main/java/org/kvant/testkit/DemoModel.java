package org.kvant.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.loader.NativeOptions;

/** The demo checkpoint as a GGUF file, converted once for all tests of a module's run. */
public final class DemoModel {
    private static final Path FILE = convert();

    private DemoModel() {}

    /** A trained model of 5.7 million F16 weights, context 512, vocabulary 4096, with a chat template. */
    public static Path file() {
        return FILE;
    }

    /** The native libraries that the build names. */
    public static NativeOptions natives() {
        return NativeOptions.in(Path.of(System.getProperty("kvant.native.dir")));
    }

    /** In the folder of what the module has built: tests run in the module's own folder. */
    private static Path convert() {
        Path root = Path.of(System.getProperty("kvant.root"));
        Path target = Path.of("target").toAbsolutePath().resolve("demo-f16.gguf");
        try {
            Files.createDirectories(target.getParent());
            Converter.convert(root.resolve("models/demo"), target, OutType.F16, ProgressListener.NONE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return target;
    }
}
