package org.kvant.calibrate;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

/**
 * The file of {@link GradientCalibrator}, mapped and checked when opened. With {@code d} the error of a row of a weight and {@code H} a
 * moment, the sum of {@code ½ d H dᵀ} over its rows estimates what the error costs in KL divergence, in nats a token.
 * Thread-safe; nothing may be read after {@link #close}.
 */
public final class GradientStatistics implements MomentSource {
    /** Stands for the embeddings as a table in which tokens are looked up. */
    static final String LOOKUPS = "token_embd.weight.lookup";

    private static final String EMBEDDINGS = "token_embd.weight";

    private final GgufFile file;
    private final Set<String> weights;
    private final int chunkCount;
    private final int chunkSize;
    private final int heldChunks;
    private final String model;

    /** Moments are verified when they are asked for. */
    private final Checksums checksums;

    private GradientStatistics(GgufFile file) throws IOException {
        this.file = file;
        Metadata metadata = file.metadata();
        this.weights = new HashSet<>(metadata.strings(GradientFormat.WEIGHTS));
        this.chunkCount = Math.toIntExact(metadata.integer(StatisticsFormat.CHUNK_COUNT));
        this.chunkSize = Math.toIntExact(metadata.integer(StatisticsFormat.CHUNK_SIZE));
        this.heldChunks = Math.toIntExact(metadata.integer(GradientFormat.HELD_CHUNKS));
        this.model = metadata.string(StatisticsFormat.MODEL);
        if (heldChunks < 0 || heldChunks >= chunkCount) {
            throw new CalibrateException(heldChunks + " of " + chunkCount + " chunks are held out");
        }
        this.checksums = Checksums.in(file, GradientFormat.CHECKSUMS);
        tokens();
        for (String weight : weights) {
            int columns = columns(weight);
            if (columns < 1) {
                throw new CalibrateException("tensor " + weight + GradientFormat.MOMENT + " is no triangle");
            }
            triangles(weight, GradientFormat.HELD, GradientFormat.triangle(columns));
        }
        for (TensorInfo tensor : file.tensors()) {
            if (!tensor.name().endsWith(GradientFormat.MOMENT) && !tensor.name().endsWith(GradientFormat.HELD)) {
                checksums.verify(tensor.name());
            }
        }
    }

    /** Whether a file with this metadata is one of these. */
    public static boolean recognizes(Metadata metadata) {
        return metadata.has(GradientFormat.FORMAT_VERSION);
    }

    /**
     * Opens a file.
     *
     * @throws CalibrateException if it is not such a file, of a newer version or damaged
     */
    public static GradientStatistics open(Path path) throws IOException {
        GgufFile file;
        try {
            file = GgufFile.open(path);
        } catch (GgufException e) {
            throw new CalibrateException(
                    path + ": cannot be used as statistics, calibrate again: " + e.getMessage(), e);
        }
        try {
            if (!file.metadata().has(GradientFormat.FORMAT_VERSION)) {
                throw new CalibrateException("holds no gradient-weighted moments; run kvant calibrate --gradient");
            }
            long version = file.metadata().integer(GradientFormat.FORMAT_VERSION);
            if (version != GradientFormat.VERSION) {
                throw new CalibrateException("has version " + version + " of the format, this Kvant knows "
                        + GradientFormat.VERSION + "; calibrate again");
            }
            return new GradientStatistics(file);
        } catch (GgufException | ArithmeticException | CalibrateException e) {
            file.close();
            throw new CalibrateException(path + ": cannot be used as statistics: " + e.getMessage(), e);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public void requireModel(GgufFile other) throws IOException {
        if (!Fingerprint.of(other).model().equals(model)) {
            throw new CalibrateException(file.path() + ": holds the statistics of another model ("
                    + file.metadata().string(StatisticsFormat.MODEL_NAME, "without a name") + "), not of "
                    + other.path() + "; run kvant calibrate on the model that is to be quantized");
        }
    }

    @Override
    public String identity() throws IOException {
        var digest = Fingerprint.sha256();
        digest.update(model.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        digest.update(file.metadata()
                .string(StatisticsFormat.MODEL_WEIGHTS)
                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        digest.update(tokens().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
        if (file.metadata().has(GradientFormat.CHECKSUMS)) {
            // The same tokens by another version may give other moments.
            for (long sum : file.metadata().array(GradientFormat.CHECKSUMS).longs()) {
                digest.update(java.nio.ByteBuffer.allocate(Long.BYTES).putLong(0, sum));
            }
        }
        return Fingerprint.hex(digest);
    }

    /** The tokens it was made of, chunk after chunk. */
    public int[][] chunks() throws IOException {
        int[] tokens = tokens().toArray(TensorStore.INT);
        int[][] chunks = new int[chunkCount][];
        for (int i = 0; i < chunkCount; i++) {
            chunks[i] = Arrays.copyOfRange(tokens, i * chunkSize, (i + 1) * chunkSize);
        }
        return chunks;
    }

    private MemorySegment tokens() throws CalibrateException {
        return TensorStore.segment(file, StatisticsFormat.TOKENS, GgmlType.I32, (long) chunkCount * chunkSize);
    }

    /** Whether a chunk's tokens are only in {@link #heldOut}. */
    public boolean isHeldOut(int chunk) {
        return GradientFormat.held(chunk, chunkCount);
    }

    @Override
    public boolean hasHeldOut() {
        return heldChunks > 0;
    }

    @Override
    public boolean diagonal() {
        return false;
    }

    @Override
    public boolean divergence() {
        return true;
    }

    @Override
    public boolean has(String weight) {
        return weights.contains(weight) || weight.equals(EMBEDDINGS) && weights.contains(LOOKUPS);
    }

    @Override
    public List<String> weights() {
        return weights.stream()
                .map(w -> w.equals(LOOKUPS) ? EMBEDDINGS : w)
                .distinct()
                .sorted()
                .toList();
    }

    @Override
    public int columns(String weight) {
        String stored = weights.contains(weight) ? weight : LOOKUPS;
        return file.tensor(stored + GradientFormat.MOMENT)
                .map(TensorInfo::columns)
                .map(triangle -> (int) ((Math.sqrt(8.0 * triangle + 1) - 1) / 2))
                .filter(n -> GradientFormat.triangle(n) == triangleOf(stored))
                .orElse(0);
    }

    private long triangleOf(String stored) {
        return file.tensor(stored + GradientFormat.MOMENT)
                .map(TensorInfo::columns)
                .orElse(0L);
    }

    @Override
    public float[] moment(String weight, int matrix) throws IOException {
        float[] trained = training(weight, matrix);
        if (heldChunks == 0) {
            return trained;
        }
        float[] held = heldOut(weight, matrix);
        float share = (float) heldChunks / chunkCount;
        for (int i = 0; i < trained.length; i++) {
            trained[i] = (1 - share) * trained[i] + share * held[i];
        }
        return trained;
    }

    @Override
    public float[] training(String weight, int matrix) throws IOException {
        return square(weight, GradientFormat.MOMENT, matrix);
    }

    @Override
    public float[] heldOut(String weight, int matrix) throws IOException {
        return square(weight, GradientFormat.HELD, matrix);
    }

    /**
     * What every token counts in a weight's moment: the mean square of the gradients of its outputs; of experts, the mean over those that
     * the token was routed to. {@code chunks × chunk size} values, held-out chunks included.
     *
     * @throws IllegalArgumentException if the weight multiplies nothing
     */
    public float[] energies(String weight) throws IOException {
        if (!weights.contains(weight)) {
            throw new IllegalArgumentException(file.path() + ": has no energies of " + weight);
        }
        float[] energies = TensorStore.segment(
                        file, weight + GradientFormat.ENERGIES, GgmlType.F32, (long) chunkCount * chunkSize)
                .toArray(TensorStore.FLOAT);
        for (float energy : energies) {
            if (!(energy >= 0) || energy == Float.POSITIVE_INFINITY) {
                throw new CalibrateException(file.path() + ": tensor " + weight + GradientFormat.ENERGIES + " holds "
                        + energy + "; it is damaged, calibrate again");
            }
        }
        return energies;
    }

    private float[] square(String weight, String kind, int matrix) throws IOException {
        if (!has(weight)) {
            throw new IllegalArgumentException(file.path() + ": has nothing about " + weight);
        }
        int columns = columns(weight);
        float[] square = new float[Math.multiplyExact(columns, columns)];
        if (weights.contains(weight)) {
            addTriangle(weight, kind, matrix, columns, square);
        }
        if (weight.equals(EMBEDDINGS) && weights.contains(LOOKUPS)) {
            addTriangle(LOOKUPS, kind, matrix, columns, square);
        }
        return square;
    }

    private MemorySegment triangles(String stored, String kind, long triangle) throws CalibrateException {
        long matrices = file.tensor(stored + GradientFormat.MOMENT)
                .map(TensorInfo::rows)
                .orElse(0L);
        return TensorStore.segment(file, stored + kind, GgmlType.F32, triangle * matrices);
    }

    private void addTriangle(String stored, String kind, int matrix, int columns, float[] square)
            throws CalibrateException {
        long triangle = GradientFormat.triangle(columns);
        checksums.verify(stored + kind);
        MemorySegment all = triangles(stored, kind, triangle);
        Objects.checkIndex(matrix, (int) (all.byteSize() / Float.BYTES / triangle));
        float[] values = all.asSlice(matrix * triangle * Float.BYTES, triangle * Float.BYTES)
                .toArray(TensorStore.FLOAT);
        int at = 0;
        for (int i = 0; i < columns; i++) {
            for (int j = i; j < columns; j++) {
                float v = values[at++];
                if (!Float.isFinite(v)) {
                    throw new CalibrateException(file.path() + ": tensor " + stored + kind + " holds " + v
                            + "; it is damaged, calibrate again");
                }
                square[i * columns + j] += v;
                if (j > i) {
                    square[j * columns + i] += v;
                }
            }
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
