package org.kvant.network;

import org.jspecify.annotations.Nullable;
import org.kvant.linalg.Workers;

/**
 * Rotates pairs of a head's elements by angles that grow with the position ({@code ggml_rope_ext}; RoFormer, Su et al.
 * 2021).
 */
final class Rope {
    private final int rotated;
    private final boolean splitHalves;
    private final float[] cosines;
    private final float[] sines;

    /**
     * @param positions how many there are
     * @param factors what the angles of each pair are divided by, or null
     */
    Rope(HyperParameters parameters, boolean sliding, int positions, float @Nullable [] factors) {
        this.rotated = parameters.rotated();
        this.splitHalves = parameters.architecture().splitHalves();
        int pairs = rotated / 2;
        this.cosines = new float[positions * pairs];
        this.sines = new float[positions * pairs];
        float base = sliding ? parameters.slidingRopeBase() : parameters.ropeBase();
        float scale = sliding ? 1f : parameters.ropeScale();
        float step = (float) Math.pow(base, -2.0 / rotated);
        for (int position = 0; position < positions; position++) {
            // Rounded at every step, as ggml_rope_cache_init does: at far positions the angles differ otherwise.
            float angle = position;
            for (int pair = 0; pair < pairs; pair++) {
                float turned = scale * (factors == null ? angle : angle / factors[pair]);
                cosines[position * pairs + pair] = (float) Math.cos(turned) * parameters.ropeMagnitude();
                sines[position * pairs + pair] = (float) Math.sin(turned) * parameters.ropeMagnitude();
                angle *= step;
            }
        }
    }

    /** Turns all heads of all rows in place; backward applies the transposed rotation, which is what gradients need. */
    void rotate(int rows, int heads, int headSize, float[] x, int[] position, boolean backward, Workers workers) {
        float sign = backward ? -1f : 1f;
        int pairs = rotated / 2;
        workers.forRanges(rows, Math.max(1, (1 << 14) / (heads * headSize)), (from, to) -> {
            for (int row = from; row < to; row++) {
                int table = position[row] * pairs;
                for (int head = 0; head < heads; head++) {
                    int at = (row * heads + head) * headSize;
                    int step = splitHalves ? 1 : 2;
                    int partner = splitHalves ? pairs : 1;
                    for (int pair = 0; pair < pairs; pair++) {
                        int i = at + pair * step;
                        float cosine = cosines[table + pair];
                        float sine = sign * sines[table + pair];
                        float a = x[i];
                        float b = x[i + partner];
                        x[i] = a * cosine - b * sine;
                        x[i + partner] = a * sine + b * cosine;
                    }
                }
            }
        });
    }
}
