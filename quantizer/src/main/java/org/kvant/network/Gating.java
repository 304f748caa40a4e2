package org.kvant.network;

import org.kvant.linalg.FloatMath;
import org.kvant.linalg.Workers;

/** h = f(gate) · up with SiLU, or the tanh form of GELU, for f (GLU variants, Shazeer 2020). */
final class Gating {
    private static final FloatMath MATH = FloatMath.get();
    private static final float SQRT_2_OVER_PI = 0.79788456080286535587989211986876f;
    private static final float GELU_CUBIC = 0.044715f;

    /** Values at a time, so that the passes over them stay in the first-level cache. */
    private static final int BLOCK = 1024;

    private Gating() {}

    static void forward(boolean gelu, int length, float[] gate, float[] up, float[] hidden, Workers workers) {
        inBlocks(length, workers, (from, to) -> {
            float[] sigmoid = new float[to - from];
            sigmoid(gelu, gate, from, sigmoid);
            for (int i = 0; i < sigmoid.length; i++) {
                hidden[from + i] = gate[from + i] * sigmoid[i] * up[from + i];
            }
        });
    }

    /** Turns dL/dh into dL/dgate and dL/dup; {@code dGate} may be the same array as {@code dHidden}. */
    static void backward(
            boolean gelu,
            int length,
            float[] gate,
            float[] up,
            float[] dHidden,
            float[] dGate,
            float[] dUp,
            Workers workers) {
        inBlocks(length, workers, (from, to) -> {
            float[] sigmoid = new float[to - from];
            sigmoid(gelu, gate, from, sigmoid);
            for (int i = 0; i < sigmoid.length; i++) {
                float x = gate[from + i];
                float s = sigmoid[i];
                float inner = gelu ? 2 * SQRT_2_OVER_PI * (1 + 3 * GELU_CUBIC * x * x) : 1;
                float slope = s + x * s * (1 - s) * inner;
                float d = dHidden[from + i];
                dUp[from + i] = d * x * s;
                dGate[from + i] = d * up[from + i] * slope;
            }
        });
    }

    /** The s of f(x) = x·s: σ(x) for SiLU; for GELU (1 + tanh u) / 2 = σ(2u). */
    private static void sigmoid(boolean gelu, float[] gate, int from, float[] sigmoid) {
        int length = sigmoid.length;
        if (gelu) {
            for (int i = 0; i < length; i++) {
                float x = gate[from + i];
                sigmoid[i] = -2 * SQRT_2_OVER_PI * x * (1 + GELU_CUBIC * x * x);
            }
        } else {
            for (int i = 0; i < length; i++) {
                sigmoid[i] = -gate[from + i];
            }
        }
        MATH.exp(sigmoid, 0, 0, sigmoid, 0, length);
        for (int i = 0; i < length; i++) {
            sigmoid[i] = 1 / (1 + sigmoid[i]);
        }
    }

    private static void inBlocks(int length, Workers workers, Workers.RangeTask task) {
        workers.forRanges(length, 16 * BLOCK, (from, to) -> {
            for (int at = from; at < to; at += BLOCK) {
                task.run(at, Math.min(to, at + BLOCK));
            }
        });
    }
}
