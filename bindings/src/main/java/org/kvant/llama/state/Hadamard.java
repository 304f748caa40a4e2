package org.kvant.llama.state;

/**
 * The orthonormal Walsh-Hadamard transform, by which llama.cpp rotates what it writes to a quantized cache ({@code ggml_gen_hadamard} in
 * llama-kv-cache.cpp). It is its own inverse.
 */
public final class Hadamard {
    private Hadamard() {}

    /**
     * Transforms each block of {@code size} values in place.
     *
     * @param values the first {@code count} of them are transformed
     * @param size a power of two, at least 8, that divides {@code count}
     */
    static void transform(float[] values, int count, int size) {
        // Fixed distances let the compiler prove that no index is out of range, which halves the time.
        for (int i = 0; i < count; i += 8) {
            eightNeighbours(values, i);
        }
        int stride = 8;
        if (size >= 64) {
            for (int block = 0; block < count; block += 64) {
                for (int i = block; i < block + 8; i++) {
                    eightApart(values, i);
                }
            }
            stride = 64;
        }
        for (; stride < size; stride *= 2) {
            for (int group = 0; group < count; group += 2 * stride) {
                for (int i = group; i < group + stride; i++) {
                    float a = values[i];
                    float b = values[i + stride];
                    values[i] = a + b;
                    values[i + stride] = a - b;
                }
            }
        }
        float scale = (float) (1 / Math.sqrt(size));
        for (int i = 0; i < count; i++) {
            values[i] *= scale;
        }
    }

    /** Three stages at once, which spares two thirds of the loads and stores. */
    private static void eightNeighbours(float[] x, int i) {
        float a0 = x[i] + x[i + 1];
        float a1 = x[i] - x[i + 1];
        float a2 = x[i + 2] + x[i + 3];
        float a3 = x[i + 2] - x[i + 3];
        float a4 = x[i + 4] + x[i + 5];
        float a5 = x[i + 4] - x[i + 5];
        float a6 = x[i + 6] + x[i + 7];
        float a7 = x[i + 6] - x[i + 7];
        float b0 = a0 + a2;
        float b1 = a1 + a3;
        float b2 = a0 - a2;
        float b3 = a1 - a3;
        float b4 = a4 + a6;
        float b5 = a5 + a7;
        float b6 = a4 - a6;
        float b7 = a5 - a7;
        x[i] = b0 + b4;
        x[i + 1] = b1 + b5;
        x[i + 2] = b2 + b6;
        x[i + 3] = b3 + b7;
        x[i + 4] = b0 - b4;
        x[i + 5] = b1 - b5;
        x[i + 6] = b2 - b6;
        x[i + 7] = b3 - b7;
    }

    /** The next three stages, of values that are eight apart. */
    private static void eightApart(float[] x, int i) {
        float a0 = x[i] + x[i + 8];
        float a1 = x[i] - x[i + 8];
        float a2 = x[i + 16] + x[i + 24];
        float a3 = x[i + 16] - x[i + 24];
        float a4 = x[i + 32] + x[i + 40];
        float a5 = x[i + 32] - x[i + 40];
        float a6 = x[i + 48] + x[i + 56];
        float a7 = x[i + 48] - x[i + 56];
        float b0 = a0 + a2;
        float b1 = a1 + a3;
        float b2 = a0 - a2;
        float b3 = a1 - a3;
        float b4 = a4 + a6;
        float b5 = a5 + a7;
        float b6 = a4 - a6;
        float b7 = a5 - a7;
        x[i] = b0 + b4;
        x[i + 8] = b1 + b5;
        x[i + 16] = b2 + b6;
        x[i + 24] = b3 + b7;
        x[i + 32] = b0 - b4;
        x[i + 40] = b1 - b5;
        x[i + 48] = b2 - b6;
        x[i + 56] = b3 - b7;
    }
}
