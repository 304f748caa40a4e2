package org.kvant.allocate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.kvant.calibrate.CalibrateOptions;
import org.kvant.calibrate.GradientCalibrator;
import org.kvant.calibrate.TextSource;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.evaluate.DemoModels;
import org.kvant.gguf.ProgressListener;
import org.kvant.llama.Backend;
import org.kvant.llama.loader.NativeOptions;

/** The first two layers of the demo model in F16 and their gradient-weighted moments on a few stories, made once for all tests of a run. */
final class DemoStatistics {
    static final Path ROOT = Path.of(System.getProperty("kvant.root"));
    static final Path STORIES = ROOT.resolve("quantizer/src/test/resources/org/kvant/evaluate/stories.txt");
    static final Path FOLDER = ROOT.resolve("quantizer/target/allocate");
    static final Path MODEL = FOLDER.resolve("demo-f16.gguf");
    static final Path STATISTICS = FOLDER.resolve("demo-gradient.gguf");

    static {
        Backend.load(NativeOptions.in(Path.of(System.getProperty("kvant.native.dir"))));
        try {
            Files.createDirectories(FOLDER);
            Path whole = FOLDER.resolve("whole.gguf");
            Converter.convert(ROOT.resolve("models/demo"), whole, OutType.F16, ProgressListener.NONE);
            DemoModels.shallow(whole, MODEL, 2);
            CalibrateOptions options = CalibrateOptions.of(MODEL, STATISTICS, new TextSource.Texts(List.of(STORIES)))
                    .withChunks(16, 128);
            GradientCalibrator.run(options, ProgressListener.NONE, () -> false, note -> {});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private DemoStatistics() {}

    static Path model() {
        return MODEL;
    }

    static Path statistics() {
        return STATISTICS;
    }
}
