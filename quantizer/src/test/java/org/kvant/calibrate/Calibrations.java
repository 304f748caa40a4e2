package org.kvant.calibrate;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.ProgressListener;

/** What the tests of calibration share. */
final class Calibrations {
    static final int CHUNKS = 4;
    static final int CHUNK_SIZE = 128;

    private Calibrations() {}

    static Path resource(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(Calibrations.class.getResource(name)).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Path text() {
        return resource("fables.txt");
    }

    static Path demo(Path folder) throws IOException {
        Path model = folder.resolve("demo.gguf");
        Converter.convert(
                Path.of(System.getProperty("kvant.root")).resolve("models/demo"),
                model,
                OutType.AUTO,
                ProgressListener.NONE);
        return model;
    }

    /** One thread: two would wait for each other on a busy machine, and the result is the same. */
    static CalibrateOptions options(Path model, Path output) {
        return options(model, output, new TextSource.Texts(List.of(text())));
    }

    static CalibrateOptions options(Path model, Path output, TextSource source) {
        return CalibrateOptions.of(model, output, source)
                .withChunks(CHUNKS, CHUNK_SIZE)
                .withThreads(1);
    }

    /** Runs to the end; returns the notes. */
    static List<String> run(CalibrateOptions options) throws IOException {
        List<String> notes = new ArrayList<>();
        CalibrateResult result = Calibrator.run(options, ProgressListener.NONE, () -> false, notes::add);
        if (!result.complete()) {
            throw new AssertionError("not complete: " + result);
        }
        return notes;
    }
}
