package org.kvant.quantize;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kvant.calibrate.CalibrateException;
import org.kvant.calibrate.GradientStatistics;
import org.kvant.calibrate.MomentSource;
import org.kvant.calibrate.PlainMoments;
import org.kvant.calibrate.Statistics;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;

/** Opens what {@code --stats} names, whichever kind of statistics it is. */
public final class MomentSources {
    private enum Kind {
        GRADIENT,
        PLAIN,
        IMATRIX
    }

    private MomentSources() {}

    /**
     * Opens moments weighted by gradients, plain ones, diagonals, or llama-imatrix's GGUF file.
     *
     * @param model that is to be quantized
     * @throws IOException if the file holds no statistics, is of a newer version, damaged or another model's, saying what would help
     */
    public static MomentSource open(Path path, GgufFile model) throws IOException {
        MomentSource source = switch (kind(path)) {
            case GRADIENT -> GradientStatistics.open(path);
            case PLAIN -> PlainMoments.open(path);
            case IMATRIX -> new ImportanceMoments(Imatrix.read(path), model);
        };
        try {
            source.requireModel(model);
            return source;
        } catch (Throwable e) {
            source.close();
            throw e;
        }
    }

    private static Kind kind(Path path) throws IOException {
        try (GgufFile file = GgufFile.open(path)) {
            Metadata metadata = file.metadata();
            if (GradientStatistics.recognizes(metadata)) {
                return Kind.GRADIENT;
            }
            if (Statistics.recognizes(metadata)) {
                return Kind.PLAIN;
            }
            if (metadata.has(ImatrixReader.DATASETS)) {
                return Kind.IMATRIX;
            }
            boolean known = metadata.has("general.architecture");
            throw new CalibrateException(path + ": holds no statistics but "
                    + (known ? "a model (" + metadata.string("general.architecture") + ")" : "something else")
                    + "; make them with kvant calibrate, best with --gradient");
        } catch (GgufException e) {
            if (!Files.isRegularFile(path)) {
                throw e;
            }
            throw new CalibrateException(
                    path + ": cannot be used as statistics, calibrate again: " + e.getMessage()
                            + " (llama-imatrix's files from before GGUF go with --imatrix)",
                    e);
        }
    }
}
