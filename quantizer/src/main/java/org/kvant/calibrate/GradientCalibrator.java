package org.kvant.calibrate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.kvant.calibrate.TensorStore.Entry;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;
import org.kvant.llama.Backend;
import org.kvant.llama.LlamaException;
import org.kvant.llama.Model;
import org.kvant.network.GgufWeights;
import org.kvant.network.Head;
import org.kvant.network.HiddenStates;
import org.kvant.network.Linear;
import org.kvant.network.Network;
import org.kvant.network.NetworkException;
import org.kvant.network.NetworkRunner;
import org.kvant.network.Rows;
import org.kvant.network.TokenWeights;

/**
 * Collects gradient-weighted second moments: one pass forward over the text, layer after layer, and one back from tokens drawn from the
 * model's own predictions. What an error of a weight then costs in KL divergence is known to second order; an input that nothing
 * downstream attends to counts little, and the first position, which every later one may, as much as it deserves.
 *
 * <p>Memory: one layer's weights and moments. Disk, until it is done: the states at all layer boundaries. A run that is stopped or
 * killed goes on with the layer it was at, and gives the same bytes as one that was not.
 */
public final class GradientCalibrator {
    private static final String LAYER = "layer-";
    private static final String GRADIENT = "gradient-";

    /** Seed of the tokens drawn: the same for all, so that a run can be repeated. */
    private static final long SEED = 20260921;

    private static final int BACKWARD_COST = 3;

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
                    progress.total((long) text.size() * options.chunkSize());
                    boolean complete = text.write(folder, progress)
                            && new Pass(file, network, workers, text.chunks(), folder).run();
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
                GgufFile part = GgufFile.open(folder.file(name(LAYER, layer)));
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

    private static String name(String kind, int layer) {
        return kind + String.format(Locale.ROOT, "%05d.gguf", layer);
    }

    /** Forward and back. The file of index {@code layers} holds the head's moments. */
    private final class Pass {
        private final Network network;
        private final Matrices matrices;
        private final NetworkRunner runner;
        private final GgufWeights weights;
        private final int[][] chunks;
        private final RunFolder folder;
        private final int layers;
        private final long tokens;
        private final long heldTokens;
        private final double unit;
        private double units;
        private long reported;

        Pass(GgufFile file, Network network, Workers workers, int[][] chunks, RunFolder folder) {
            this.network = network;
            this.matrices = new Matrices(workers);
            this.runner = new NetworkRunner(network, workers);
            this.weights = new GgufWeights(file, workers);
            this.chunks = chunks;
            this.folder = folder;
            this.layers = network.layers();
            long all = 0;
            long held = 0;
            for (int i = 0; i < chunks.length; i++) {
                all += chunks[i].length;
                held += GradientFormat.held(i, chunks.length) ? chunks[i].length : 0;
            }
            this.tokens = all;
            this.heldTokens = held;
            this.unit = tokens / ((1.0 + BACKWARD_COST) * layers + headCost());
        }

        /** The head's work as a number of forward passes of a layer. */
        private double headCost() {
            double layer = network.linears(0).stream()
                    .mapToDouble(linear -> (double) linear.rows() * linear.columns())
                    .sum();
            return 3.0 * network.head().rows() * network.head().columns() / layer;
        }

        private void report(String what, double cost) {
            units += cost;
            long now = Math.min(tokens, Math.round(units * unit));
            progress.add(what, now - reported);
            reported = now;
        }

        /** False if it was stopped. */
        boolean run() throws IOException {
            int done = firstDone();
            int needed = Math.min(done, layers);
            List<HiddenStates> inputs = new ArrayList<>();
            HiddenStates gradient = states();
            try {
                if (!forward(inputs, done)) {
                    return false;
                }
                if (done > layers) {
                    head(inputs.get(layers), gradient);
                    save(layers, gradient);
                } else {
                    load(gradient, done);
                    report("", (layers - done) * (1.0 + BACKWARD_COST) + headCost());
                }
                for (int layer = needed - 1; layer >= 0; layer--) {
                    if (progress.stopped()) {
                        return false;
                    }
                    GradientSums sums = new GradientSums(matrices, chunks.length, options.chunkSize());
                    runner.backward(layer, weights, inputs.get(layer), gradient, sums, null);
                    List<Entry> entries = sums.take(heldTokens);
                    if (layer == 0) {
                        entries = new ArrayList<>(entries);
                        entries.addAll(lookups(gradient));
                    }
                    save(layer, gradient, entries);
                    inputs.get(layer).close();
                    report("backward, layer " + layer, BACKWARD_COST);
                }
                return true;
            } finally {
                gradient.close();
                for (HiddenStates states : inputs) {
                    states.close();
                }
            }
        }

        private HiddenStates states() throws IOException {
            return HiddenStates.inFile(NetworkRunner.lengths(chunks), network.width(), folder.file("."));
        }

        /** The lowest layer whose moments and gradient are on the disk; {@code layers + 1} if there is none. */
        private int firstDone() {
            for (int layer = 0; layer <= layers; layer++) {
                if (Files.exists(folder.file(name(LAYER, layer))) && Files.exists(folder.file(name(GRADIENT, layer)))) {
                    return layer;
                }
            }
            return layers + 1;
        }

        /** Keeps the input of every layer below {@code done}. */
        private boolean forward(List<HiddenStates> inputs, int done) throws IOException {
            int last = Math.min(done, layers + 1) - 1;
            if (last < 0) {
                return true;
            }
            inputs.add(states());
            runner.embed(chunks, weights, inputs.getFirst());
            for (int layer = 0; layer < last; layer++) {
                if (progress.stopped()) {
                    return false;
                }
                HiddenStates next = states();
                inputs.add(next);
                next.copyFrom(inputs.get(layer));
                runner.forward(layer, weights, next, null);
                report("forward, layer " + layer, 1);
            }
            return true;
        }

        private void head(HiddenStates states, HiddenStates gradient) {
            GradientSums sums = new GradientSums(matrices, chunks.length, options.chunkSize());
            new Head(runner, weights).fisher(states, gradient, SEED, TokenWeights.ONES, sums, null);
            headEntries = sums.take(heldTokens);
            report("head", headCost());
        }

        private List<Entry> headEntries = List.of();

        private void save(int layer, HiddenStates gradient) throws IOException {
            save(layer, gradient, headEntries);
            headEntries = List.of();
        }

        /** The gradient first: a layer whose file is there can be gone on from. */
        private void save(int layer, HiddenStates gradient, List<Entry> entries) throws IOException {
            List<Entry> saved = new ArrayList<>();
            for (int i = 0; i < gradient.chunks(); i++) {
                int chunk = i;
                saved.add(Entry.floats(
                        "chunk." + i,
                        () -> {
                            float[] values = new float[gradient.tokens(chunk) * gradient.width()];
                            gradient.read(chunk, 0, gradient.tokens(chunk), values, 0);
                            return values;
                        },
                        (long) gradient.tokens(chunk) * gradient.width()));
            }
            TensorStore.write(
                    folder.file(name(GRADIENT, layer)), Metadata.builder().build(), saved);
            TensorStore.write(
                    folder.file(name(LAYER, layer)), Metadata.builder().build(), entries);
            Files.deleteIfExists(folder.file(name(GRADIENT, layer + 1)));
        }

        private void load(HiddenStates gradient, int layer) throws IOException {
            try (GgufFile saved = GgufFile.open(folder.file(name(GRADIENT, layer)))) {
                for (int i = 0; i < gradient.chunks(); i++) {
                    int count = gradient.tokens(i);
                    float[] values = TensorStore.floats(saved, "chunk." + i, (long) count * gradient.width());
                    gradient.write(i, 0, count, values, 0);
                }
            }
        }

        private List<Entry> lookups(HiddenStates gradient) {
            GradientSums sums = new GradientSums(matrices, chunks.length, options.chunkSize());
            Linear embeddings = new Linear(
                    GradientStatistics.LOOKUPS,
                    GradientStatistics.LOOKUPS,
                    Linear.Role.HEAD,
                    -1,
                    network.vocabulary(),
                    network.width(),
                    1);
            float scale = network.embeddingScale();
            for (int chunk = 0; chunk < gradient.chunks(); chunk++) {
                int count = gradient.tokens(chunk);
                float[] values = new float[count * network.width()];
                gradient.read(chunk, 0, count, values, 0);
                for (int i = 0; i < values.length; i++) {
                    values[i] *= scale;
                }
                int[] chunkOf = new int[count];
                Arrays.fill(chunkOf, chunk);
                int[] positions = new int[count];
                Arrays.setAll(positions, i -> i);
                sums.addLookups(embeddings, new Rows(count, chunkOf, positions), values);
            }
            return sums.take(heldTokens);
        }
    }
}
