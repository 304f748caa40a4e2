package org.kvant.network;

import org.kvant.linalg.FloatMath;
import org.kvant.linalg.Workers;

/** y = w · x / √(mean(x²) + ε), row by row (RMS norm, Zhang and Sennrich 2019). */
final class Norm {
    private static final FloatMath MATH = FloatMath.get();
    private static final int GRAIN = 1 << 14;

    private Norm() {}

    /** @param inverse receives 1 / √(mean(x²) + ε) of each row */
    static void forward(
            int rows,
            int width,
            float[] x,
            float[] weight,
            float epsilon,
            float[] y,
            float[] inverse,
            Workers workers) {
        workers.forRanges(rows, grain(width), (from, to) -> {
            for (int row = from; row < to; row++) {
                int at = row * width;
                float mean = MATH.dot(x, at, x, at, width) / width;
                float factor = (float) (1 / Math.sqrt(mean + epsilon));
                inverse[row] = factor;
                for (int i = 0; i < width; i++) {
                    y[at + i] = x[at + i] * factor * weight[i];
                }
            }
        });
    }

    /**
     * dx = inverse · (w·g − x · inverse² · mean(w·g·x)), where g = dL/dy; added to what {@code dx} holds if {@code add}. dx and
     * g may be the same array.
     */
    static void backward(
            int rows,
            int width,
            float[] x,
            float[] weight,
            float[] inverse,
            float[] g,
            float[] dx,
            boolean add,
            Workers workers) {
        workers.forRanges(rows, grain(width), (from, to) -> {
            float[] scaled = new float[width];
            for (int row = from; row < to; row++) {
                int at = row * width;
                for (int i = 0; i < width; i++) {
                    scaled[i] = g[at + i] * weight[i];
                }
                float factor = inverse[row];
                float along = MATH.dot(scaled, 0, x, at, width) / width * factor * factor * factor;
                if (add) {
                    for (int i = 0; i < width; i++) {
                        dx[at + i] += factor * scaled[i] - along * x[at + i];
                    }
                } else {
                    for (int i = 0; i < width; i++) {
                        dx[at + i] = factor * scaled[i] - along * x[at + i];
                    }
                }
            }
        });
    }

    private static int grain(int width) {
        return Math.max(1, GRAIN / width);
    }
}
