package org.kvant.quantize;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.GradientStatistics;
import org.kvant.codec.CodecException;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.linalg.Matrices;
import org.kvant.linalg.Workers;
import org.kvant.network.GgufWeights;
import org.kvant.network.HiddenStates;
import org.kvant.network.Linear;
import org.kvant.network.Network;
import org.kvant.network.NetworkException;
import org.kvant.network.NetworkRunner;
import org.kvant.quantize.CalibratedRounder.MatrixWeights;
import org.kvant.round.MatrixRounder;
import org.kvant.round.RoundException;
import org.kvant.round.RoundingOptions;

/**
 * Rounds the layers one after the other: the statistics' text runs through the layers that are rounded already, and a layer's matrices
 * are rounded under the moments of what arrives there, tokens weighted as in the statistics ({@link Activations}). Embeddings, head and
 * what is unknown to the statistics are left to {@link CalibratedRounder}.
 *
 * <p>Memory: one layer's weights and moments and the activations of some chunks; on the disk, the states of all chunks twice. What is
 * finished is in the {@link RoundedStore}; a rerun computes the states of the layers before again, but rounds nothing again.
 */
final class SequentialRounder implements Rounder {
    /** Chunks that run at a time. */
    private static final int CHUNKS = 4;

    private final GgufFile model;
    private final GradientStatistics statistics;
    private final RoundedStore store;
    private final RoundingOptions options;
    private final Activations activations;
    private final boolean holdOut;
    private final CalibratedRounder others;
    private final Map<String, PlannedTensor> planned;
    private final Map<String, RoundedStore.Key> keys = new HashMap<>();
    private final int[][] chunks;
    private final long heldOut;

    private SequentialRounder(
            GgufFile model,
            QuantizePlan plan,
            GradientStatistics statistics,
            RoundedStore store,
            RoundingOptions options,
            Activations activations,
            boolean holdOut,
            CalibratedRounder others)
            throws IOException {
        this.model = model;
        this.statistics = statistics;
        this.store = store;
        this.options = options;
        this.activations = activations;
        this.holdOut = holdOut;
        this.others = others;
        this.planned = plan.tensors().stream().collect(Collectors.toMap(PlannedTensor::name, t -> t));
        this.chunks = statistics.chunks();
        this.heldOut =
                IntStream.range(0, chunks.length).filter(statistics::isHeldOut).count();
    }

    /**
     * Rounds all layers.
     *
     * @param others for everything else; its options and identity are those of this rounding, too
     * @param folder for temporary files
     * @param listener called on the calling thread with layers done and in all
     * @return what hands the results out
     * @throws QuantizeException if the model's architecture is not known here
     * @throws InterruptedIOException if the calling thread is interrupted
     */
    static SequentialRounder run(
            GgufFile model,
            QuantizePlan plan,
            GradientStatistics statistics,
            RoundedStore store,
            RoundingOptions options,
            Activations activations,
            boolean holdOut,
            CalibratedRounder others,
            Path folder,
            ProgressListener listener)
            throws IOException {
        SequentialRounder rounder =
                new SequentialRounder(model, plan, statistics, store, options, activations, holdOut, others);
        Files.createDirectories(folder);
        try (Workers workers = new Workers(options.threads())) {
            Network network = Network.of(model.metadata(), model.tensors());
            rounder.new Pass(network, workers, folder, listener).run();
            return rounder;
        } catch (NetworkException e) {
            throw new QuantizeException(
                    model.path() + ": " + e.getMessage()
                            + "; leave out --activations, so that every matrix is rounded by itself",
                    e);
        }
    }

    @Override
    public Rows rowsOf(PlannedTensor tensor) throws IOException {
        RoundedStore.Key key = keys.get(tensor.name());
        if (key == null) {
            return others.rowsOf(tensor);
        }
        byte[] bytes = store.load(key, tensor.type().bytes(tensor.source().elements()));
        if (bytes == null) {
            throw new QuantizeException("the rounded tensor " + tensor.name() + " has vanished; run again");
        }
        MemorySegment all = MemorySegment.ofArray(bytes);
        long rowBytes = tensor.type().bytes(tensor.source().columns());
        return (values, firstRow, rows, out, offset) ->
                MemorySegment.copy(all, firstRow * rowBytes, out, offset, rows * rowBytes);
    }

    private boolean rounds(Linear linear) {
        PlannedTensor tensor = planned.get(linear.tensor());
        return tensor != null
                && !tensor.copied()
                && statistics.has(linear.tensor())
                && MatrixRounder.supports(tensor.type());
    }

    private record Work(PlannedTensor tensor, RoundedStore.Key key, byte @Nullable [] known) {}

    /** One run through the layers. */
    private final class Pass {
        private final Network network;
        private final Matrices matrices;
        private final NetworkRunner runner;
        private final GgufWeights weights;
        private final RoundedWeights rounded;
        private final Path folder;
        private final ProgressListener listener;

        /** Grows with every tensor: results depend on all that lies before. */
        private String before = others.identity() + " " + activations;

        Pass(Network network, Workers workers, Path folder, ProgressListener listener) {
            this.network = network;
            this.matrices = new Matrices(workers);
            this.runner = new NetworkRunner(network, workers);
            this.weights = new GgufWeights(model, workers);
            this.rounded = new RoundedWeights(weights);
            this.folder = folder;
            this.listener = listener;
        }

        void run() throws IOException {
            roundEmbeddings();
            int[] lengths = NetworkRunner.lengths(chunks);
            try (HiddenStates own = HiddenStates.inFile(lengths, network.width(), folder);
                    HiddenStates states = HiddenStates.inFile(lengths, network.width(), folder)) {
                runner.embed(chunks, weights, own);
                runner.embed(chunks, rounded, states);
                for (int layer = 0; layer < network.layers(); layer++) {
                    listener.step("rounding layer " + layer, layer, network.layers());
                    layer(layer, own, states);
                }
            }
            listener.step("rounded layer after layer", network.layers(), network.layers());
        }

        private void roundEmbeddings() throws IOException {
            PlannedTensor embeddings = planned.get("token_embd.weight");
            if (embeddings != null
                    && !embeddings.copied()
                    && statistics.has(embeddings.name())
                    && MatrixRounder.supports(embeddings.type())) {
                byte[] bytes = others.bytesOf(embeddings.source(), embeddings.type());
                rounded.put(embeddings.name(), embeddings.type(), bytes);
                before = digest(before, embeddings);
            }
        }

        private void layer(int layer, HiddenStates own, HiddenStates states) throws IOException {
            Map<String, Work> works = works(layer);
            boolean open = works.values().stream().anyMatch(work -> work.known() == null);
            SequentialSums sums = open ? sums(layer) : null;
            forward(layer, own, states, sums);
            for (Linear linear : network.linears(layer)) {
                Work work = works.get(linear.tensor());
                if (work == null) {
                    continue;
                }
                byte[] bytes = work.known();
                if (bytes == null) {
                    stopIfInterrupted();
                    bytes = round(linear, work.tensor(), Objects.requireNonNull(sums));
                    store.save(work.key(), bytes);
                }
                keys.put(linear.tensor(), work.key());
                rounded.put(linear.tensor(), work.tensor().type(), bytes);
                before = digest(before, work.tensor());
            }
            runner.forward(layer, rounded, states, null);
            works.keySet().forEach(rounded::remove);
        }

        /** What there is to round in a layer, by tensor, and what of it is done. */
        private Map<String, Work> works(int layer) throws IOException {
            Map<String, Work> works = new HashMap<>();
            for (Linear linear : network.linears(layer)) {
                PlannedTensor tensor = planned.get(linear.tensor());
                if (tensor != null && rounds(linear)) {
                    RoundedStore.Key key = new RoundedStore.Key(tensor.name(), tensor.type(), before);
                    byte[] known =
                            store.load(key, tensor.type().bytes(tensor.source().elements()));
                    works.put(tensor.name(), new Work(tensor, key, known));
                }
            }
            return works;
        }

        private SequentialSums sums(int layer) throws IOException {
            Map<String, float[]> energies = new HashMap<>();
            for (Linear linear : network.linears(layer)) {
                if (rounds(linear)) {
                    energies.put(linear.tensor(), statistics.energies(linear.tensor()));
                }
            }
            return new SequentialSums(
                    matrices, energies, statistics::isHeldOut, chunks[0].length, activations == Activations.CORRECTED);
        }

        /** Moves the model's own states on, and adds up what the layer is given in the quantized one. */
        private void forward(int layer, HiddenStates own, HiddenStates states, @Nullable SequentialSums sums)
                throws IOException {
            if (activations != Activations.CORRECTED && sums == null) {
                return;
            }
            for (int first = 0; first < chunks.length; first += CHUNKS) {
                stopIfInterrupted();
                int from = first;
                int[] numbers = IntStream.range(first, Math.min(chunks.length, first + CHUNKS))
                        .toArray();
                if (activations == Activations.CORRECTED) {
                    HiddenStates part = part(own, numbers);
                    runner.forward(layer, weights, part, sums == null ? null : sums.recording(numbers.length));
                    write(part, own, from);
                }
                if (sums != null) {
                    runner.forward(layer, weights, part(states, numbers), sums.adding(numbers));
                }
            }
        }

        private HiddenStates part(HiddenStates states, int[] numbers) {
            int size = chunks[0].length;
            int[] lengths = new int[numbers.length];
            java.util.Arrays.fill(lengths, size);
            HiddenStates part = HiddenStates.inHeap(lengths, network.width());
            float[] values = new float[numbers.length * size * network.width()];
            states.read(numbers[0], 0, numbers.length * size, values, 0);
            part.write(0, 0, numbers.length * size, values, 0);
            return part;
        }

        private void write(HiddenStates part, HiddenStates states, int first) {
            int tokens = Math.toIntExact(part.tokens());
            float[] values = new float[tokens * network.width()];
            part.read(0, 0, tokens, values, 0);
            states.write(first, 0, tokens, values, 0);
        }

        private byte[] round(Linear linear, PlannedTensor planned, SequentialSums sums) throws IOException {
            TensorInfo tensor = planned.source();
            GgmlType type = planned.type();
            byte[] bytes = new byte[Math.toIntExact(type.bytes(tensor.elements()))];
            int size = chunks[0].length;
            long trained = (chunks.length - heldOut) * size;
            try {
                for (int expert = 0; expert < linear.experts(); expert++) {
                    MatrixSource matrix = new MatrixWeights(
                            model, tensor, (long) expert * linear.rows(), linear.rows(), linear.columns());
                    SequentialSums.Sum sum = sums.take(linear, expert, trained, heldOut * size);
                    InputMoments moments =
                            sum == null ? InputMoments.of(statistics, linear.tensor(), expert, holdOut) : moments(sum);
                    MatrixSource target = sum == null ? matrix : CorrectedWeights.of(matrix, sum, matrices);
                    CalibratedRounder.round(target, moments, type, options, bytes, expert);
                }
            } catch (CodecException | RoundException e) {
                throw new QuantizeException(model.path() + ": tensor " + tensor.name() + ": " + e.getMessage(), e);
            }
            return bytes;
        }

        private InputMoments moments(SequentialSums.Sum sum) {
            if (heldOut == 0) {
                return new InputMoments(sum.training, null, sum.training);
            }
            if (holdOut) {
                return new InputMoments(sum.training, sum.held, sum.training);
            }
            float share = (float) heldOut / chunks.length;
            float[] used = new float[sum.training.length];
            for (int i = 0; i < used.length; i++) {
                used[i] = (1 - share) * sum.training[i] + share * sum.held[i];
            }
            return new InputMoments(sum.training, sum.held, used);
        }
    }

    private static String digest(String before, PlannedTensor tensor) {
        return RoundedStore.digest(before + "\n" + tensor.name() + " " + tensor.type());
    }

    private static void stopIfInterrupted() throws InterruptedIOException {
        if (Thread.interrupted()) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted; what is rounded is kept, a rerun goes on from there");
        }
    }
}
