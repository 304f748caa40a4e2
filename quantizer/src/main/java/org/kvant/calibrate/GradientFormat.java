package org.kvant.calibrate;

/**
 * The file of {@link GradientCalibrator}: llama-imatrix's diagonals, so that it serves as an importance matrix too, and with them
 *
 * <pre>
 * kvant.tokens               I32 [chunk size, chunks]
 * WEIGHT.gradient_moment     F32 [columns * (columns + 1) / 2, matrices]   upper triangles, row after row from the diagonal on
 * WEIGHT.gradient_held       F32 the same of the chunks that were held out
 * WEIGHT.gradient_rows       F32 [rows, matrices]                          mean squared gradients of the outputs
 * WEIGHT.gradient_energy     F32 [chunk size * chunks]                     the same of every token: what its x xᵀ counts in the moment
 * </pre>
 */
final class GradientFormat {
    static final long VERSION = 2;
    static final String FORMAT_VERSION = "kvant.gradient.version";
    static final String WEIGHTS = "kvant.gradient.weights";
    static final String HELD_CHUNKS = "kvant.gradient.held_chunks";

    /** U32 array: CRC-32C of each tensor's data, in the order of tensors. */
    static final String CHECKSUMS = "kvant.gradient.crc32c";

    static final String SEED = "kvant.gradient.seed";

    static final String MOMENT = ".gradient_moment";
    static final String HELD = ".gradient_held";
    static final String ROWS = ".gradient_rows";
    static final String ENERGIES = ".gradient_energy";
    static final String SUMS = ".in_sum2";
    static final String COUNTS = ".counts";

    /** One chunk in so many is held out: it takes no part in rounding, but in choosing how. */
    static final int HOLD_OUT = 8;

    /** Chunks that are held out in a row are at most so many. */
    static final int LONGEST_RUN = 8;

    private GradientFormat() {}

    /**
     * Whether a chunk is held out; never the only one. Neighbours go together, as a chunk in the middle of an article that others come from
     * would tell little about text that is really new.
     *
     * @param chunks number of all
     */
    static boolean held(int chunk, int chunks) {
        int run = Math.clamp(chunks / (2 * HOLD_OUT), 1, LONGEST_RUN);
        return chunk % (run * HOLD_OUT) >= run * (HOLD_OUT - 1);
    }

    static long triangle(int columns) {
        return columns * (columns + 1L) / 2;
    }
}
