package org.kvant.network;

import java.util.Arrays;
import org.kvant.linalg.FloatMath;

/**
 * Which experts the rows go to and with which weights: those with the largest probabilities, divided by their sum
 * ({@code build_moe_ffn} of llama-graph.cpp with softmax and {@code norm_w}).
 */
final class Routing {
    /** llama.cpp divides by no less: the smallest normal number of F16. */
    private static final float MIN_SUM = 6.103515625e-5f;

    private static final FloatMath MATH = FloatMath.get();

    private final int experts;
    private final int used;
    private final float[] probabilities;
    private final int[] chosen;
    private final float[] weights;

    Routing(int experts, int used, int rows) {
        this.experts = experts;
        this.used = used;
        this.probabilities = new float[rows * experts];
        this.chosen = new int[rows * used];
        this.weights = new float[rows * used];
    }

    void route(int rows, float[] logits) {
        boolean[] taken = new boolean[experts];
        for (int row = 0; row < rows; row++) {
            int at = row * experts;
            MATH.exp(logits, at, -MATH.max(logits, at, experts), probabilities, at, experts);
            float all = MATH.sum(probabilities, at, experts);
            for (int i = at; i < at + experts; i++) {
                probabilities[i] /= all;
            }
            Arrays.fill(taken, false);
            float sum = 0;
            for (int slot = 0; slot < used; slot++) {
                int best = -1;
                for (int e = 0; e < experts; e++) {
                    if (!taken[e] && (best < 0 || probabilities[at + e] > probabilities[at + best])) {
                        best = e;
                    }
                }
                taken[best] = true;
                chosen[row * used + slot] = best;
                sum += probabilities[at + best];
            }
            for (int slot = row * used; slot < (row + 1) * used; slot++) {
                weights[slot] = probabilities[at + chosen[slot]] / Math.max(sum, MIN_SUM);
            }
        }
    }

    /** Slots, {@code row · used + place}, of an expert, in the order of rows; returns how many. */
    int slots(int expert, int rows, int[] slots) {
        int count = 0;
        for (int slot = 0; slot < rows * used; slot++) {
            if (chosen[slot] == expert) {
                slots[count++] = slot;
            }
        }
        return count;
    }

    float weight(int slot) {
        return weights[slot];
    }

    /**
     * @param dWeights dL/dweight of each slot
     * @param dLogits receives dL/dlogits
     */
    void backward(int rows, float[] dWeights, float[] dLogits) {
        Arrays.fill(dLogits, 0, rows * experts, 0);
        for (int row = 0; row < rows; row++) {
            float sum = 0;
            float along = 0;
            for (int slot = row * used; slot < (row + 1) * used; slot++) {
                sum += probabilities[row * experts + chosen[slot]];
                along += weights[slot] * dWeights[slot];
            }
            boolean clamped = sum < MIN_SUM;
            float all = 0;
            for (int slot = row * used; slot < (row + 1) * used; slot++) {
                int i = row * experts + chosen[slot];
                dLogits[i] = clamped ? dWeights[slot] / MIN_SUM : (dWeights[slot] - along) / sum;
                all += probabilities[i] * dLogits[i];
            }
            for (int i = row * experts; i < (row + 1) * experts; i++) {
                dLogits[i] = probabilities[i] * (dLogits[i] - all);
            }
        }
    }
}
