package org.kvant.calibrate;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.LinearInput.Kind;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/**
 * A statistics file of {@link Calibrator}, mapped and checked when opened; {@link StatisticsFormat} describes it. Reading is thread-safe; nothing
 * may be read after {@link #close}. Sums are sums, not means: divide by {@link #counts}.
 */
public final class Statistics implements AutoCloseable {
    private static final String MOMENT = ".moment";

    private final GgufFile file;
    private final Fingerprint fingerprint;
    private final String modelName;
    private final Map<String, LinearInput> inputOf;
    private final List<LinearInput> inputs;
    private final boolean full;
    private final int chunkCount;
    private final int chunkSize;

    /** Moments are verified when they are asked for. */
    private final Checksums checksums;

    private Statistics(GgufFile file) throws IOException {
        this.file = file;
        Metadata metadata = file.metadata();
        this.fingerprint = new Fingerprint(
                metadata.string(StatisticsFormat.MODEL), metadata.string(StatisticsFormat.MODEL_WEIGHTS));
        this.modelName = metadata.string(StatisticsFormat.MODEL_NAME);
        this.full = metadata.bool(StatisticsFormat.FULL);
        this.inputs = StatisticsCheck.inputs(file);
        this.inputOf = new LinkedHashMap<>();
        for (LinearInput input : inputs) {
            input.weights().forEach(weight -> inputOf.put(weight, input));
            StatisticsCheck.check(file, input, full);
        }
        this.chunkCount = Math.toIntExact(metadata.integer(StatisticsFormat.CHUNK_COUNT));
        this.chunkSize = Math.toIntExact(metadata.integer(StatisticsFormat.CHUNK_SIZE));
        tokens();
        this.checksums = Checksums.in(file, StatisticsFormat.CHECKSUMS);
        for (TensorInfo tensor : file.tensors()) {
            if (!tensor.name().endsWith(MOMENT)) {
                checksums.verify(tensor.name());
            }
        }
    }

    private MemorySegment tokens() throws CalibrateException {
        return TensorStore.segment(file, StatisticsFormat.TOKENS, GgmlType.I32, (long) chunkCount * chunkSize);
    }

    /** Whether a file with this metadata is one of these. */
    public static boolean recognizes(Metadata metadata) {
        return metadata.has(StatisticsFormat.FORMAT_VERSION);
    }

    /**
     * Opens a file.
     *
     * @throws CalibrateException if it is not a statistics file, of a newer version or damaged, saying where
     * @throws IOException if it cannot be read
     */
    public static Statistics open(Path path) throws IOException {
        GgufFile file = gguf(path);
        try {
            Metadata metadata = file.metadata();
            if (!recognizes(metadata)) {
                throw StatisticsCheck.notStatistics(path, metadata);
            }
            long version = metadata.integer(StatisticsFormat.FORMAT_VERSION);
            if (version != StatisticsFormat.VERSION) {
                throw new CalibrateException(path + ": has version " + version
                        + " of the statistics format, this Kvant knows " + StatisticsFormat.VERSION
                        + "; calibrate again");
            }
            return new Statistics(file);
        } catch (GgufException | ArithmeticException e) {
            file.close();
            throw unusable(path, e);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    private static GgufFile gguf(Path path) throws IOException {
        try {
            return GgufFile.open(path);
        } catch (GgufException e) {
            if (!Files.isRegularFile(path)) {
                throw e;
            }
            throw unusable(path, e);
        }
    }

    private static CalibrateException unusable(Path path, Exception why) {
        return new CalibrateException(
                path + ": cannot be used as statistics, calibrate again: " + why.getMessage(), why);
    }

    public Path file() {
        return file.path();
    }

    /** What the model calls itself. */
    public String modelName() {
        return modelName;
    }

    /** Of the model that the statistics were collected with. */
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    /**
     * Refuses another model. Another precision of the same one is accepted: the norms and biases are equal then.
     *
     * @return whether it is the very file (so far as {@link Fingerprint} can tell) that the statistics were collected with
     * @throws CalibrateException if it is another model
     */
    public boolean requireModel(GgufFile model) throws IOException {
        Fingerprint other = Fingerprint.of(model);
        if (!other.model().equals(fingerprint.model())) {
            throw new CalibrateException(
                    file.path() + ": holds the statistics of another model (" + modelName + "), not of "
                            + model.path() + " (" + model.metadata().string("general.name", "without a name")
                            + "); run kvant calibrate on the model that is to be quantized");
        }
        return other.weights().equals(fingerprint.weights());
    }

    /** Whether {@link #moment} has something to give. */
    public boolean full() {
        return full;
    }

    /** What the full moments are weighted with, in words; null for nothing. */
    public @Nullable String tokenWeights() throws IOException {
        return file.metadata().has(StatisticsFormat.TOKEN_WEIGHTS)
                ? file.metadata().string(StatisticsFormat.TOKEN_WEIGHTS)
                : null;
    }

    /** All inputs in the order of computing. */
    public List<LinearInput> inputs() {
        return inputs;
    }

    /** The input that a weight is multiplied with; for the output matrix (or token embeddings in its place) the last hidden state. */
    public Optional<LinearInput> inputOf(String weight) {
        return Optional.ofNullable(inputOf.get(weight));
    }

    private LinearInput required(String weight) {
        return inputOf(weight)
                .orElseThrow(() -> new IllegalArgumentException(file.path() + ": has nothing about " + weight));
    }

    /** Sums of squares over all positions, [matrices][columns] in a row: llama-imatrix's {@code in_sum2}. */
    public float[] diagonal(String weight) throws IOException {
        LinearInput input = required(weight);
        return TensorStore.floats(
                file,
                input.kind() == Kind.HEAD ? input.name() + ".head_sum2" : weight + ".in_sum2",
                (long) input.columns() * input.matrices());
    }

    /** Vectors summed in {@link #diagonal}: one number, or one for each expert. */
    public float[] counts(String weight) throws IOException {
        LinearInput input = required(weight);
        return TensorStore.floats(
                file,
                input.kind() == Kind.HEAD ? input.name() + ".head_counts" : weight + ".counts",
                input.countsKept());
    }

    /** The part of {@link #diagonal} that position 0 has. */
    public float[] sinkDiagonal(String weight) throws IOException {
        LinearInput input = required(weight);
        return TensorStore.floats(file, input.name() + ".sink_sum2", (long) input.columns() * input.matrices());
    }

    /** The part of {@link #counts} that position 0 has. */
    public float[] sinkCounts(String weight) throws IOException {
        LinearInput input = required(weight);
        return TensorStore.floats(file, input.name() + ".sink_counts", input.countsKept());
    }

    /**
     * The full second moment of a weight's input.
     *
     * @param matrix 0, or which of stacked matrices
     * @throws IllegalStateException without {@link #full}
     * @throws CalibrateException if its diagonal contradicts {@link #diagonal}: the file is damaged
     */
    public Moment moment(String weight, int matrix) throws IOException {
        if (!full) {
            throw new IllegalStateException(file.path() + ": has diagonals only; run kvant calibrate with --full");
        }
        LinearInput input = required(weight);
        Objects.checkIndex(matrix, input.matrices());
        MemorySegment all =
                TensorStore.segment(file, input.name() + MOMENT, GgmlType.F32, input.triangle() * input.matrices());
        long bytes = input.triangle() * Float.BYTES;
        Moment moment = new Moment(
                input.columns(), all.asSlice(matrix * bytes, bytes), StatisticsCheck.sinkRows(file, input, matrix));
        if (!file.metadata().has(StatisticsFormat.TOKEN_WEIGHTS)) {
            StatisticsCheck.checkDiagonal(file.path(), input, matrix, moment, diagonal(weight));
        }
        checksums.verify(input.name() + MOMENT);
        return moment;
    }

    /** The tokens that were used, chunk after chunk. */
    public int[][] chunks() throws IOException {
        int[] tokens = tokens().toArray(TensorStore.INT);
        int[][] chunks = new int[chunkCount][];
        for (int i = 0; i < chunkCount; i++) {
            chunks[i] = Arrays.copyOfRange(tokens, i * chunkSize, (i + 1) * chunkSize);
        }
        return chunks;
    }

    @Override
    public void close() {
        file.close();
    }
}
