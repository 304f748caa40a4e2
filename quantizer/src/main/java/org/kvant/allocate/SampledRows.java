package org.kvant.allocate;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;

/**
 * Rows of one matrix, one from each of as many equal strata, always the same ones.
 *
 * @param weights rows × columns
 * @param share by what a sum over these rows is multiplied for all: the ratio of the sums of squares, of all rows or of a larger sample
 * @param energy sum of the squares of all of the matrix's weights
 */
record SampledRows(float[] weights, int rows, int columns, double share, double energy) {
    private static final int ENERGY_ROWS = 512;

    static SampledRows of(GgufFile model, TensorInfo tensor, int matrix, int wanted) throws IOException {
        int columns = Math.toIntExact(tensor.columns());
        long[] shape = tensor.shape();
        long all = shape.length > 1 ? shape[1] : 1;
        int count = (int) Math.min(all, wanted);
        SplittableRandom random = new SplittableRandom(31L * tensor.name().hashCode() + matrix);
        long[] picked = IntStream.range(0, count)
                .mapToLong(i -> {
                    long from = all * i / count;
                    return random.nextLong(from, all * (i + 1) / count);
                })
                .toArray();
        Reader reader = new Reader(model, tensor, matrix * all, columns);
        float[] weights = new float[Math.multiplyExact(count, columns)];
        double own = 0;
        for (int r = 0; r < count; r++) {
            own += reader.read(picked[r], weights, r * columns);
        }
        int more = (int) Math.min(all, Math.max(ENERGY_ROWS, count));
        double energy = own;
        long measured = count;
        if (more > count) {
            energy = 0;
            measured = more;
            float[] row = new float[columns];
            for (int i = 0; i < more; i++) {
                energy += reader.read(all * i / more, row, 0);
            }
        }
        double total = energy * all / measured;
        return new SampledRows(weights, count, columns, own > 0 ? total / own : 1, total);
    }

    private record Reader(MemorySegment data, TensorInfo tensor, long firstRow, int columns, long rowBytes) {
        Reader(GgufFile model, TensorInfo tensor, long firstRow, int columns) {
            this(model.data(tensor), tensor, firstRow, columns, tensor.type().bytes(columns));
        }

        /** Reads a row; returns its sum of squares. */
        double read(long row, float[] target, int at) throws AllocateException {
            Codecs.of(tensor.type()).decode(data, (firstRow + row) * rowBytes, target, at, columns);
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                sum += (double) target[at + j] * target[at + j];
            }
            if (!Double.isFinite(sum)) {
                throw new AllocateException(
                        "tensor " + tensor.name() + ", row " + (firstRow + row)
                                + " holds numbers that are not finite; the model is damaged, convert it anew from its checkpoint");
            }
            return sum;
        }
    }

    /** The importance of the columns where nothing is known: all the same. */
    static float[] even(int columns) {
        float[] ones = new float[columns];
        Arrays.fill(ones, 1);
        return ones;
    }
}
