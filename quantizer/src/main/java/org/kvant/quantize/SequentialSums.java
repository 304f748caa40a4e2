package org.kvant.quantize;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.kvant.linalg.Matrices;
import org.kvant.network.Linear;
import org.kvant.network.LinearTap;
import org.kvant.network.Rows;

/**
 * Sums, of one layer, what its matrices are given when the layers before them are quantized: {@code Ĥ = Σ s x̂ x̂ᵀ}, and if asked for
 * {@code C = Σ s (x̂ − x) x̂ᵀ} with the inputs x that they had in the model, every token with its energy s. Chunks that are held out have
 * sums of their own. Not thread-safe; used on the thread of the passes.
 */
final class SequentialSums {
    private final Matrices matrices;
    private final Map<String, float[]> energies;
    private final IntPredicate heldOut;
    private final int chunkSize;
    private final boolean corrects;
    private final Map<String, Sum> sums = new HashMap<>();

    /** What the model's own inputs were, of the chunks that are at hand; by tensor, a row a token. */
    private final Map<String, float[]> own = new HashMap<>();

    /** Of one matrix. */
    static final class Sum {
        final int columns;
        final float[] training;
        final float[] held;
        final float @Nullable [] crossTraining;
        final float @Nullable [] crossHeld;

        Sum(int columns, boolean corrects) {
            this.columns = columns;
            int size = Math.multiplyExact(columns, columns);
            this.training = new float[size];
            this.held = new float[size];
            this.crossTraining = corrects ? new float[size] : null;
            this.crossHeld = corrects ? new float[size] : null;
        }
    }

    /**
     * @param energies of all tokens, by tensor
     * @param heldOut which chunks of the statistics are held out
     * @param corrects whether C is wanted; not of experts, whose tokens differ between the two models
     */
    SequentialSums(
            Matrices matrices, Map<String, float[]> energies, IntPredicate heldOut, int chunkSize, boolean corrects) {
        this.heldOut = heldOut;
        this.matrices = matrices;
        this.energies = energies;
        this.chunkSize = chunkSize;
        this.corrects = corrects;
    }

    static String key(Linear linear, int expert) {
        return linear.tensor() + "#" + expert;
    }

    /** Forgets the inputs of other chunks and returns what keeps those of the chunks that run next. */
    LinearTap recording(int chunks) {
        own.clear();
        return (linear, expert, rows, input, gradient) -> {
            if (!corrects || linear.experts() > 1) {
                return;
            }
            int columns = linear.columns();
            float[] kept = own.computeIfAbsent(
                    linear.tensor(), name -> new float[Math.multiplyExact(chunks * chunkSize, columns)]);
            for (int i = 0; i < rows.count(); i++) {
                System.arraycopy(input, i * columns, kept, token(rows, i) * columns, columns);
            }
        };
    }

    /** What adds the inputs of the quantized model up. @param chunks the statistics' number of each chunk that runs */
    LinearTap adding(int[] chunks) {
        return (linear, expert, rows, input, gradient) -> {
            float[] weights = energies.get(linear.tensor());
            if (weights == null) {
                return;
            }
            boolean crosses = corrects && linear.experts() == 1;
            Sum sum = sums.computeIfAbsent(key(linear, expert), name -> new Sum(linear.columns(), crosses));
            add(sum.training, sum.crossTraining, linear, rows, input, chunks, weights, false);
            add(sum.held, sum.crossHeld, linear, rows, input, chunks, weights, true);
        };
    }

    private int token(Rows rows, int i) {
        return rows.chunk()[i] * chunkSize + rows.position()[i];
    }

    private void add(
            float[] square,
            float @Nullable [] cross,
            Linear linear,
            Rows rows,
            float[] input,
            int[] chunks,
            float[] energies,
            boolean held) {
        int count = rows.count();
        int columns = linear.columns();
        float[] weights = new float[count];
        boolean any = false;
        for (int i = 0; i < count; i++) {
            int chunk = chunks[rows.chunk()[i]];
            if (heldOut.test(chunk) == held) {
                weights[i] = energies[chunk * chunkSize + rows.position()[i]];
                any |= weights[i] > 0;
            }
        }
        if (!any) {
            return;
        }
        matrices.addSquares(count, columns, input, 0, weights, 0, square);
        float[] before = own.get(linear.tensor());
        if (cross == null || before == null) {
            return;
        }
        float[] errors = new float[Math.multiplyExact(count, columns)];
        for (int i = 0; i < count; i++) {
            int from = token(rows, i) * columns;
            for (int j = 0; weights[i] > 0 && j < columns; j++) {
                errors[i * columns + j] = weights[i] * (input[i * columns + j] - before[from + j]);
            }
        }
        matrices.multiply(
                true, false, columns, columns, count, 1, errors, 0, columns, input, 0, columns, 1, cross, 0, columns);
    }

    /**
     * The sums of a matrix as means over tokens, whole squares; null if no token reached it. They are forgotten.
     *
     * @param trained tokens that are not held out
     * @param heldOut tokens that are
     */
    @Nullable
    Sum take(Linear linear, int expert, long trained, long heldOut) {
        Sum sum = sums.remove(key(linear, expert));
        if (sum == null) {
            return null;
        }
        matrices.mirror(sum.columns, sum.training);
        matrices.mirror(sum.columns, sum.held);
        scale(sum.training, trained);
        scale(sum.held, heldOut);
        if (sum.crossTraining != null && sum.crossHeld != null) {
            scale(sum.crossTraining, trained);
            scale(sum.crossHeld, heldOut);
        }
        return sum;
    }

    private static void scale(float[] values, long tokens) {
        float factor = 1f / Math.max(1, tokens);
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
    }
}
