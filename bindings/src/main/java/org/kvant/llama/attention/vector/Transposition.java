package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.WIDTH;

import java.util.Arrays;

/** Rows that become lanes. */
final class Transposition {
    private Transposition() {}

    /**
     * For each vector of rows their first values, then their second values, and so on; what is missing of the last vector is 0.
     *
     * @param rows one behind the other, from {@code r}
     * @param target gets them from {@code t}
     */
    static void ofRows(float[] rows, int r, int count, int width, float[] target, int t) {
        for (int row = 0; row < count; row += WIDTH) {
            int at = t + row * width;
            int present = Math.min(WIDTH, count - row);
            if (present < WIDTH) {
                Arrays.fill(target, at, at + width * WIDTH, 0);
            }
            for (int lane = 0; lane < present; lane++) {
                int from = r + (row + lane) * width;
                for (int i = 0; i < width; i++) {
                    target[at + i * WIDTH + lane] = rows[from + i];
                }
            }
        }
    }
}
