package org.kvant.evaluate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.kvant.convert.Converter;
import org.kvant.convert.OutType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.Backend;
import org.kvant.llama.loader.NativeOptions;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;

/** The demo model in F16 and quantized, each made once for all tests of a run. */
public final class DemoModels {
    public static final Path ROOT = Path.of(System.getProperty("kvant.root"));

    /** A text far from what the demo model has read, so that divergences are large; it will not change. */
    public static final Path LICENSE = ROOT.resolve("LICENSE");

    /** Stories that the demo model told, so a text that it finds easy. */
    public static final Path STORIES = ROOT.resolve("quantizer/src/test/resources/org/kvant/evaluate/stories.txt");

    private static final Path FOLDER = ROOT.resolve("quantizer/target/evaluate");
    private static final ConcurrentHashMap<Preset, Path> QUANTIZED = new ConcurrentHashMap<>();
    private static final Path F16 = convert();

    static {
        Backend.load(NativeOptions.in(Path.of(System.getProperty("kvant.native.dir"))));
    }

    private DemoModels() {}

    /** 5.7 million weights, context 512, vocabulary 4096. */
    public static Path f16() {
        return F16;
    }

    public static Path quantized(Preset preset) {
        return QUANTIZED.computeIfAbsent(preset, wanted -> {
            Path target = FOLDER.resolve("demo-" + wanted + ".gguf");
            try {
                Quantizer.run(
                        QuantizeOptions.builder(F16, target, wanted).threads(1).build(), ProgressListener.NONE);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return target;
        });
    }

    public static EvaluateOptions options(List<Path> candidates, int chunks, int size) {
        return EvaluateOptions.of(F16, candidates, List.of(LICENSE), 1).withChunks(chunks, size);
    }

    private static Path convert() {
        Path target = FOLDER.resolve("demo-f16.gguf");
        try {
            Files.createDirectories(FOLDER);
            Converter.convert(ROOT.resolve("models/demo"), target, OutType.F16, ProgressListener.NONE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return target;
    }

    /**
     * The demo model's first layers as a model of their own: rounded in a fraction of the time, with rows as long.
     *
     * @param source the whole model
     */
    public static Path shallow(Path source, Path target, int layers) throws IOException {
        try (GgufFile file = GgufFile.open(source)) {
            List<TensorInfo> tensors = file.tensors().stream()
                    .filter(tensor -> !tensor.name().startsWith("blk.")
                            || Integer.parseInt(tensor.name().split("\\.", 3)[1]) < layers)
                    .toList();
            Metadata metadata = file.metadata().toBuilder()
                    .putU32("llama.block_count", layers)
                    .build();
            try (GgufWriter writer = GgufWriter.create(
                    target, metadata, tensors.stream().map(TensorInfo::spec).toList())) {
                for (TensorInfo tensor : tensors) {
                    writer.write(tensor.name(), file.data(tensor));
                }
                writer.commit();
            }
        }
        return target;
    }
}
