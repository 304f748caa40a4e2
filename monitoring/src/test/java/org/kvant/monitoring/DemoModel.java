package org.kvant.monitoring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;

/** The demo model as a GGUF file, made once in a build. */
public final class DemoModel {
    private DemoModel() {}

    public static synchronized Path file() throws IOException {
        Path root = Path.of(System.getProperty("kvant.root"));
        Path file = root.resolve("monitoring/target/demo.gguf");
        if (!Files.exists(file)) {
            Files.createDirectories(file.getParent());
            Converter.convert(root.resolve("models/demo"), file, OutType.F16, ProgressListener.NONE);
        }
        return file;
    }
}
