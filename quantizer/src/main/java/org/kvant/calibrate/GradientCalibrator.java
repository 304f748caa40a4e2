package org.kvant.calibrate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.kvant.calibrate.TensorStore.Entry;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.linalg.Workers;
import org.kvant.llama.Backend;
import org.kvant.llama.Model;
import org.kvant.llama.library.LlamaException;
import org.kvant.network.Network;
import org.kvant.network.NetworkException;

/**
 * Collects gradient-weighted second moments: one pass forward over the text, layer after layer, and one back from tokens drawn from the
 * model's own predictions. What an error of a weight then costs in KL divergence is known to second order; an input that nothing
 * downstream attends to counts little, and the first position, which every later one may, as much as it deserves.
 *
 * <p>Memory: one layer's weights and moments; where these are too many, as of a mixture's experts, those of some matrices at a time. Disk, until it is done: the states at all layer boundaries. A run that is stopped or
 * killed goes on with the layer it was at, and gives the same bytes as one that was not.
 */
public final class GradientCalibrator {
    /** Seed of the tokens drawn: the same for all, so that a run can be repeated. */
    private static final long SEED = 20260921;

    private final CalibrateOptions options;
    private final RunProgress progress;
    private final Consumer<String> notes;

    private GradientCalibrator(
            CalibrateOptions options, ProgressListener listener, BooleanSupplier stop, Consumer<String> notes) {
        this.options = options;
        this.progress = new RunProgress(listener, stop);
        this.notes = notes;
    }

    /**
     * Runs until it is done or stopped.
     *
     * @param listener called on the calling thread, with tokens
     * @param stop asked between layers
     * @param notes what is worth knowing, on the calling thread
     * @throws CalibrateException if the model, the text or an unfinished run cannot be used
     */
    public static CalibrateResult run(
            CalibrateOptions options, ProgressListener listener, BooleanSupplier stop, Consumer<String> notes)
            throws IOException {
        Backend.load();
        try {
            return new GradientCalibrator(options, listener, stop, notes).run();
        } catch (NetworkException e) {
            throw new CalibrateException(String.valueOf(e.getMessage()), e);
        } catch (LlamaException e) {
            throw new CalibrateException(options.model() + ": " + e.getMessage(), e);
        }
    }

    private static Network network(GgufFile file) throws CalibrateException {
        try {
            return Network.of(file.metadata(), file.tensors());
        } catch (NetworkException e) {
            throw new CalibrateException(
                    file.path() + ": " + e.getMessage() + "; without --gradient, any model that llama.cpp runs will do",
                    e);
        }
    }

    private CalibrateResult run() throws IOException {
        try (GgufFile file = GgufFile.open(options.model());
                Workers workers = new Workers(options.threads())) {
            List<Path> read = new ArrayList<>(file.parts());
            switch (options.source()) {
                case TextSource.Texts texts -> read.addAll(texts.files());
                case TextSource.Chats chats -> read.addAll(chats.files());
                case TextSource.SelfWritten self -> {}
            }
            GgufWriter.requireDistinct(options.output(), read);
            Network network = network(file);
            Fingerprint fingerprint = Fingerprint.of(file);
            try (Model model = Model.load(options.model())) {
                CalibrationText text = new CalibrationText(model, options);
                text.read();
                if (text.size() < options.chunks()) {
                    notes.accept("the text has " + text.size() + " chunks only");
                }
                String description =
                        "gradients of " + fingerprint.weights() + "\ntext " + text.identity() + "\nchunk size "
                                + options.chunkSize() + "\nchunks " + options.chunks() + "\nseed " + SEED + "\n";
                try (RunFolder folder = RunFolder.open(options.output(), description)) {
                    if (folder.resumed()) {
                        notes.accept("going on with the unfinished run in " + RunFolder.of(options.output()));
                    }
                    long tokens = (long) text.size() * options.chunkSize();
                    progress.total(text.selfWritten() ? 2 * tokens : tokens);
                    boolean complete = text.write(folder, progress)
                            && new GradientPass(
                                            options,
                                            progress,
                                            notes,
                                            SEED,
                                            file,
                                            network,
                                            workers,
                                            text.chunks(),
                                            folder)
                                    .run();
                    if (!complete) {
                        return new CalibrateResult(false, RunFolder.of(options.output()), text.size(), 0, 0);
                    }
                    int weights = assemble(file, fingerprint, text, folder, network.layers());
                    folder.remove();
                    return new CalibrateResult(
                            true, RunFolder.of(options.output()), text.size(), weights, Files.size(options.output()));
                }
            }
        }
    }

    /** Puts the layers' files together; returns how many weights there are. */
    private int assemble(GgufFile file, Fingerprint fingerprint, CalibrationText text, RunFolder folder, int layers)
            throws IOException {
        List<GgufFile> parts = new ArrayList<>();
        try {
            List<Entry> entries = new ArrayList<>();
            List<String> weights = new ArrayList<>();
            int[] tokens =
                    Arrays.stream(text.chunks()).flatMapToInt(Arrays::stream).toArray();
            entries.add(Entry.ints(StatisticsFormat.TOKENS, tokens, options.chunkSize(), text.chunks().length));
            for (int layer = 0; layer <= layers; layer++) {
                GgufFile part = GgufFile.open(folder.file(GradientPass.layerFile(layer)));
                parts.add(part);
                for (TensorInfo tensor : part.tensors()) {
                    entries.add(new Entry(tensor.spec(), () -> part.data(tensor)));
                    if (tensor.name().endsWith(GradientFormat.MOMENT)) {
                        weights.add(
                                tensor.name().substring(0, tensor.name().length() - GradientFormat.MOMENT.length()));
                    }
                }
            }
            int held = (int) java.util.stream.IntStream.range(0, text.chunks().length)
                    .filter(chunk -> GradientFormat.held(chunk, text.chunks().length))
                    .count();
            Metadata metadata = Metadata.builder()
                    .putString("general.type", StatisticsFormat.TYPE)
                    .putString(
                            StatisticsFormat.MODEL_NAME,
                            file.metadata()
                                    .string(
                                            "general.name",
                                            options.model().getFileName().toString()))
                    .putStrings(StatisticsFormat.DATASETS, text.datasets())
                    .putU32(StatisticsFormat.CHUNK_COUNT, text.chunks().length)
                    .putU32(StatisticsFormat.CHUNK_SIZE, options.chunkSize())
                    .putU32(GradientFormat.FORMAT_VERSION, GradientFormat.VERSION)
                    .putU32(GradientFormat.HELD_CHUNKS, held)
                    .putString(GradientFormat.SEED, Long.toString(SEED))
                    .putString(StatisticsFormat.SOURCE, text.description())
                    .putString(StatisticsFormat.MODEL, fingerprint.model())
                    .putString(StatisticsFormat.MODEL_WEIGHTS, fingerprint.weights())
                    .putStrings(GradientFormat.WEIGHTS, weights)
                    .put(GradientFormat.CHECKSUMS, Checksums.of(entries))
                    .build();
            TensorStore.write(options.output(), metadata, entries);
            return weights.size();
        } finally {
            parts.forEach(GgufFile::close);
        }
    }
}
