package org.kvant.calibrate;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.kvant.calibrate.TensorStore.Entry;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;
import org.kvant.network.GgufWeights;
import org.kvant.network.Head;
import org.kvant.network.HiddenStates;
import org.kvant.network.Linear;
import org.kvant.network.Network;
import org.kvant.network.NetworkRunner;
import org.kvant.network.Rows;
import org.kvant.network.TokenWeights;

/**
 * Forward through all layers and back, what is finished in a file for each layer. The file of index {@code layers} holds the head's moments.
 * One use; not thread-safe.
 */
final class GradientPass {
    private static final String LAYER = "layer-";
    private static final String GRADIENT = "gradient-";

    private static final int BACKWARD_COST = 3;

    private final CalibrateOptions options;
    private final RunProgress progress;
    private final Consumer<String> notes;
    private final long seed;
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

    /** Whether it has been said that moments are shared out. */
    private boolean shared;

    GradientPass(
            CalibrateOptions options,
            RunProgress progress,
            Consumer<String> notes,
            long seed,
            GgufFile file,
            Network network,
            Workers workers,
            int[][] chunks,
            RunFolder folder) {
        this.options = options;
        this.progress = progress;
        this.notes = notes;
        this.seed = seed;
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

    /** The finished layer's file in a run's folder. */
    static String layerFile(int layer) {
        return name(LAYER, layer);
    }

    private static String name(String kind, int layer) {
        return kind + String.format(Locale.ROOT, "%05d.gguf", layer);
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
                if (!backward(layer, inputs.get(layer), gradient)) {
                    return false;
                }
                inputs.get(layer).close();
            }
            return true;
        } finally {
            gradient.close();
            for (HiddenStates states : inputs) {
                states.close();
            }
        }
    }

    /** One layer back, as often as its moments need to fit into the memory. False if it was stopped. */
    private boolean backward(int layer, HiddenStates input, HiddenStates gradient) throws IOException {
        GradientSums sums = new GradientSums(matrices, chunks.length, options.chunkSize());
        List<Linear> linears = network.linears(layer);
        MomentShares shares = MomentShares.of(
                linears, options.memoryBytes() != null ? options.memoryBytes() : MomentShares.heapBytes(linears));
        if (shares.count() == 1 && linears.stream().allMatch(linear -> linear.experts() == 1)) {
            runner.backward(layer, weights, input, gradient, sums, null);
            save(layer, gradient, withLookups(layer, gradient, sums));
            report("backward, layer " + layer, BACKWARD_COST);
            return true;
        }
        try (MomentFile finished = MomentFile.create(folder.file("."))) {
            sums.share(shares, finished);
            if (shares.count() > 1 && !shared) {
                shared = true;
                notes.accept("the moments of a layer do not fit into memory at once: going back through each layer "
                        + shares.count() + " times; more heap (KVANT_JAVA_OPTS=-Xmx…) or --memory makes it faster");
            }
            for (int pass = 1; pass < shares.count(); pass++) {
                try (HiddenStates scratch = states()) {
                    scratch.copyFrom(gradient);
                    runner.backward(layer, weights, input, scratch, sums, null);
                }
                sums.next(heldTokens);
                if (progress.stopped()) {
                    return false;
                }
                report("backward, layer " + layer + ", pass " + pass, (double) BACKWARD_COST / shares.count());
            }
            runner.backward(layer, weights, input, gradient, sums, null);
            save(layer, gradient, withLookups(layer, gradient, sums));
            report("backward, layer " + layer, (double) BACKWARD_COST / shares.count());
        }
        return true;
    }

    private List<Entry> withLookups(int layer, HiddenStates gradient, GradientSums sums) throws IOException {
        List<Entry> entries = new ArrayList<>(sums.take(heldTokens));
        if (layer == 0) {
            entries.addAll(lookups(gradient));
        }
        return entries;
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

    private void head(HiddenStates states, HiddenStates gradient) throws IOException {
        GradientSums sums = new GradientSums(matrices, chunks.length, options.chunkSize());
        new Head(runner, weights).fisher(states, gradient, seed, TokenWeights.ONES, sums, null);
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
        TensorStore.write(folder.file(name(GRADIENT, layer)), Metadata.builder().build(), saved);
        TensorStore.write(folder.file(name(LAYER, layer)), Metadata.builder().build(), entries);
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

    private List<Entry> lookups(HiddenStates gradient) throws IOException {
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
