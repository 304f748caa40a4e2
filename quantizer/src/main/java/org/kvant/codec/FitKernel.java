package org.kvant.codec;

import java.util.Arrays;
import java.util.function.Supplier;

/** Takes for each block the better one of a {@link BlockFit}'s encoding and the library's. */
final class FitKernel implements BlockKernel {

    private final BlockKernel library;
    private final Supplier<BlockFit> fits;
    private final int block;
    private final int bytes;

    FitKernel(BlockKernel library, Supplier<BlockFit> fits, int block, int bytes) {
        this.library = library;
        this.fits = fits;
        this.block = block;
        this.bytes = bytes;
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        float[] ones = new float[block];
        Arrays.fill(ones, 1);
        encodeWeighted(x, xo, y, yo, blocks, block, ones);
    }

    @Override
    public boolean weighted() {
        return true;
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        BlockFit fit = fits.get();
        float[] weights = new float[block];
        float[] decoded = new float[block];
        byte[] candidate = new byte[bytes];
        library.encode(x, xo, y, yo, rows * (columns / block));
        for (int element = 0; element < rows * columns; element += block) {
            if (!weigh(importance, element % columns, weights)) {
                continue;
            }
            if (fit.encode(x, xo + element, weights, candidate, 0)) {
                int o = yo + element / block * bytes;
                double own = error(candidate, 0, x, xo + element, weights, decoded);
                if (own < error(y, o, x, xo + element, weights, decoded)) {
                    System.arraycopy(candidate, 0, y, o, bytes);
                }
            }
        }
    }

    /** Whether any column counts. */
    private boolean weigh(float[] importance, int column, float[] weights) {
        float sum = 0;
        for (int i = 0; i < block; i++) {
            weights[i] = importance[column + i];
            sum += weights[i];
        }
        return sum > 0;
    }

    /** NaN, which is less than nothing, where a scale overflows. */
    private double error(byte[] y, int yo, float[] x, int xo, float[] weights, float[] decoded) {
        library.decode(y, yo, decoded, 0, 1);
        double sum = 0;
        for (int i = 0; i < block; i++) {
            double diff = (double) x[xo + i] - decoded[i];
            sum += weights[i] * diff * diff;
        }
        return sum;
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        library.decode(y, yo, x, xo, blocks);
    }

    @Override
    public int[] scaleOffsets() {
        return library.scaleOffsets();
    }
}
