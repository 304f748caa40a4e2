package org.kvant.calibrate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.calibrate.TensorStore.Entry;
import org.kvant.linalg.Matrices;
import org.kvant.network.Linear;
import org.kvant.network.LinearTap;
import org.kvant.network.Rows;

/**
 * Sums what a layer's matrices are given, every token weighted by the mean square of the gradients that come back from the matrix's
 * outputs: {@code H = Σ mean(g²) x xᵀ}. With the gradients of the log-likelihood of sampled tokens, that is the Fisher information of a
 * row's weights if outputs are taken as independent and alike (K-FAC, Martens and Grosse 2015, with a token's x and g kept
 * together). With {@link #share}, the layer is passed through several times and the moments of some of its matrices are summed each
 * time; those that are finished wait in a file. Not thread-safe; used on the thread of the pass.
 */
final class GradientSums implements LinearTap {
    private final Matrices matrices;
    private final int chunks;
    private final int chunkSize;
    private final int tokens;
    private final Map<String, Sum> sums = new LinkedHashMap<>();
    private @Nullable Sharing sharing;
    private int pass;

    private record Sharing(MomentShares shares, MomentFile finished) {}

    private static final class Sum {
        final Linear linear;

        /** Of each matrix; null until it is needed, and when it is finished. */
        final float[] @Nullable [] trained;

        final float[] @Nullable [] held;
        final float[] squares;
        final float[] rows;
        final long[] counts;

        /** Of every token; for experts the sum over those that it was routed to, and their number. */
        final float[] energies;

        final byte[] uses;

        Sum(Linear linear, int tokens) {
            this.linear = linear;
            int n = linear.columns();
            this.trained = new float[linear.experts()][];
            this.held = new float[linear.experts()][];
            this.squares = new float[Math.multiplyExact(n, linear.experts())];
            this.rows = new float[linear.rows() * linear.experts()];
            this.counts = new long[linear.experts()];
            this.energies = new float[tokens];
            this.uses = new byte[linear.experts() > 1 ? tokens : 0];
        }

        float[] trained(int matrix) {
            float[] square = trained[matrix];
            return square != null ? square : (trained[matrix] = square(linear));
        }

        float[] held(int matrix) {
            float[] square = held[matrix];
            return square != null ? square : (held[matrix] = square(linear));
        }

        private static float[] square(Linear linear) {
            return new float[Math.multiplyExact(linear.columns(), linear.columns())];
        }

        void addEnergy(int token, float energy) {
            energies[token] += energy;
            if (uses.length > 0) {
                uses[token]++;
            }
        }

        float[] meanEnergies() {
            float[] means = energies.clone();
            for (int i = 0; i < uses.length; i++) {
                means[i] /= Math.max(1, uses[i]);
            }
            return means;
        }
    }

    /**
     * @param chunks number of chunks
     * @param chunkSize tokens of each
     */
    GradientSums(Matrices matrices, int chunks, int chunkSize) {
        this.matrices = matrices;
        this.chunks = chunks;
        this.chunkSize = chunkSize;
        this.tokens = Math.multiplyExact(chunks, chunkSize);
    }

    /**
     * Sums the moments of the first share only; {@link #next} goes on.
     *
     * @param finished for moments that are; open until the entries of {@link #take} have been read
     */
    void share(MomentShares shares, MomentFile finished) {
        this.sharing = new Sharing(shares, finished);
    }

    /**
     * Between two passes: writes the share's moments to the file.
     *
     * @param heldTokens as in {@link #take}
     */
    void next(long heldTokens) throws IOException {
        finish(heldTokens);
        pass++;
    }

    private void finish(long heldTokens) throws IOException {
        if (sharing == null) {
            return;
        }
        for (Map.Entry<String, Sum> named : sums.entrySet()) {
            Sum sum = named.getValue();
            String name = named.getKey();
            int columns = sum.linear.columns();
            if (pass == 0) {
                sharing.finished.reserve(name + GradientFormat.MOMENT, columns, sum.linear.experts());
                sharing.finished.reserve(name + GradientFormat.HELD, columns, sum.linear.experts());
            }
            for (int matrix = 0; matrix < sum.trained.length; matrix++) {
                float[] trained = sum.trained[matrix];
                float[] held = sum.held[matrix];
                if (trained == null || held == null) {
                    continue;
                }
                sharing.finished.write(
                        name + GradientFormat.MOMENT, matrix, trained, columns, trainedFactor(heldTokens));
                sharing.finished.write(name + GradientFormat.HELD, matrix, held, columns, heldFactor(heldTokens));
                sum.trained[matrix] = null;
                sum.held[matrix] = null;
            }
        }
    }

    private float trainedFactor(long heldTokens) {
        return 1f / Math.max(1, tokens - heldTokens);
    }

    private static float heldFactor(long heldTokens) {
        return 1f / Math.max(1, heldTokens);
    }

    @Override
    public void accept(Linear linear, int expert, Rows rows, float[] input, float @Nullable [] gradient) {
        if (gradient == null) {
            throw new IllegalStateException("a forward pass has no gradients");
        }
        add(linear, expert, rows, input, gradient);
    }

    private void add(Linear linear, int expert, Rows rows, float[] input, float[] gradient) {
        Sum sum = sums.computeIfAbsent(linear.tensor(), name -> new Sum(linear, tokens));
        int count = rows.count();
        int outputs = linear.rows();
        int columns = linear.columns();
        float[] trained = new float[count];
        float[] held = new float[count];
        float[] energies = new float[count];
        matrices.workers().forRanges(count, 16, (from, to) -> {
            for (int i = from; i < to; i++) {
                float energy = 0;
                for (int j = i * outputs; j < (i + 1) * outputs; j++) {
                    energy += gradient[j] * gradient[j];
                }
                energies[i] = energy / outputs;
            }
        });
        for (int i = 0; i < count; i++) {
            (GradientFormat.held(rows.chunk()[i], chunks) ? held : trained)[i] = energies[i];
        }
        if (sharing == null || sharing.shares.of(linear, expert) == pass) {
            matrices.addSquares(count, columns, input, 0, trained, 0, sum.trained(expert));
            matrices.addSquares(count, columns, input, 0, held, 0, sum.held(expert));
        }
        if (pass > 0) {
            return;
        }
        for (int i = 0; i < count; i++) {
            sum.addEnergy(rows.chunk()[i] * chunkSize + rows.position()[i], energies[i]);
        }
        addEnergies(sum.rows, expert * outputs, outputs, gradient, count);
        addEnergies(sum.squares, expert * columns, columns, input, count);
        sum.counts[expert] += count;
    }

    /** Threads take columns, so that the order of the sums does not depend on their number. */
    private void addEnergies(float[] sum, int at, int columns, float[] values, int rows) {
        int block = 64;
        matrices.workers().forEach((columns + block - 1) / block, b -> {
            int to = Math.min(columns, (b + 1) * block);
            for (int row = 0; row < rows; row++) {
                for (int j = b * block; j < to; j++) {
                    float v = values[row * columns + j];
                    sum[at + j] += v * v;
                }
            }
        });
    }

    /**
     * Adds the other part of a matrix that also looks tokens up: the row of a token that occurs is an input of the first layer, so its
     * error costs {@code d E dᵀ} with {@code E = Σ g gᵀ}; spread over all rows alike.
     *
     * @param gradient dL/dx of {@code count} tokens' embeddings, of width {@code columns}
     */
    void addLookups(Linear embeddings, Rows rows, float[] gradient) {
        Sum sum = sums.computeIfAbsent(embeddings.tensor(), name -> new Sum(embeddings, 0));
        float each = 1f / embeddings.rows();
        float[] trained = new float[rows.count()];
        float[] held = new float[rows.count()];
        for (int i = 0; i < rows.count(); i++) {
            (GradientFormat.held(rows.chunk()[i], chunks) ? held : trained)[i] = each;
        }
        matrices.addSquares(rows.count(), embeddings.columns(), gradient, 0, trained, 0, sum.trained(0));
        matrices.addSquares(rows.count(), embeddings.columns(), gradient, 0, held, 0, sum.held(0));
    }

    /**
     * The sums of one tensor as entries of a file, and forgets them.
     *
     * @param heldTokens of all tokens, which is what the sums are divided by, those of the chunks that are held out
     */
    List<Entry> take(long heldTokens) throws IOException {
        finish(heldTokens);
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, Sum> named : sums.entrySet()) {
            entries.addAll(entries(named.getKey(), named.getValue(), heldTokens));
        }
        sums.clear();
        return entries;
    }

    private List<Entry> entries(String name, Sum sum, long heldTokens) {
        int columns = sum.linear.columns();
        int experts = sum.linear.experts();
        float[] counts = new float[experts];
        for (int i = 0; i < experts; i++) {
            counts[i] = sum.counts[i];
        }
        float[] rows = sum.rows;
        for (int i = 0; i < rows.length; i++) {
            rows[i] /= tokens;
        }
        List<Entry> entries = new ArrayList<>(List.of(
                moments(name + GradientFormat.MOMENT, sum, sum.trained, trainedFactor(heldTokens)),
                moments(name + GradientFormat.HELD, sum, sum.held, heldFactor(heldTokens)),
                Entry.floats(name + GradientFormat.ROWS, () -> rows, sum.linear.rows(), experts)));
        if (sum.energies.length > 0) {
            entries.add(Entry.floats(name + GradientFormat.ENERGIES, sum::meanEnergies, tokens));
        }
        if (sum.linear.layer() >= 0) {
            entries.add(Entry.floats(name + GradientFormat.SUMS, () -> sum.squares, columns, experts));
            entries.add(Entry.floats(name + GradientFormat.COUNTS, () -> counts, 1, experts));
        }
        return entries;
    }

    private Entry moments(String name, Sum sum, float[] @Nullable [] squares, float factor) {
        int columns = sum.linear.columns();
        int experts = sum.linear.experts();
        long triangle = GradientFormat.triangle(columns);
        if (sharing == null) {
            return Entry.floats(name, () -> triangles(squares, columns, factor), triangle, experts);
        }
        MomentFile finished = sharing.finished;
        return Entry.of(name, () -> finished.triangles(name, columns, experts), triangle, experts);
    }

    /** {@link Matrices#addSquares} fills the lower triangle, whose columns are the upper one's rows. */
    private static float[] triangles(float[] @Nullable [] squares, int columns, float factor) {
        int triangle = Math.toIntExact(GradientFormat.triangle(columns));
        float[] all = new float[Math.multiplyExact(triangle, squares.length)];
        int at = 0;
        for (float[] square : squares) {
            if (square == null) {
                at += triangle;
                continue;
            }
            for (int i = 0; i < columns; i++) {
                for (int j = i; j < columns; j++) {
                    all[at++] = square[j * columns + i] * factor;
                }
            }
        }
        return all;
    }
}
