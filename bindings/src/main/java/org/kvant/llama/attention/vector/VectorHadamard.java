package org.kvant.llama.attention.vector;

import static org.kvant.llama.attention.vector.Lanes.FLOATS;
import static org.kvant.llama.attention.vector.Lanes.ORDER;
import static org.kvant.llama.attention.vector.Lanes.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import org.kvant.llama.attention.HadamardKernel;
import org.kvant.llama.attention.HadamardTask;
import org.kvant.llama.library.NativeMemory;

/**
 * The Walsh-Hadamard transform on the Vector API. ggml adds and subtracts neighbours of a vector one by one, which takes most of its time; here a vector is added to
 * itself with lanes exchanged. Sums are formed in ggml's order.
 */
public final class VectorHadamard implements HadamardKernel {
    private static final VectorShuffle<Float> NEXT = partners(1);
    private static final VectorShuffle<Float> TWO_APART = partners(2);
    private static final VectorShuffle<Float> FOUR_APART = partners(4);
    private static final VectorShuffle<Float> EIGHT_APART = partners(8);
    private static final FloatVector NEXT_SIGNS = signs(1);
    private static final FloatVector TWO_APART_SIGNS = signs(2);
    private static final FloatVector FOUR_APART_SIGNS = signs(4);
    private static final FloatVector EIGHT_APART_SIGNS = signs(8);

    private static VectorShuffle<Float> partners(int distance) {
        return VectorShuffle.fromOp(FLOATS, lane -> distance < WIDTH ? lane ^ distance : lane);
    }

    /** 1 for the first of two partners, -1 for the second. */
    private static FloatVector signs(int distance) {
        float[] signs = new float[WIDTH];
        for (int lane = 0; lane < WIDTH; lane++) {
            signs[lane] = (lane & distance) == 0 ? 1 : -1;
        }
        return FloatVector.fromArray(FLOATS, signs, 0);
    }

    @Override
    public void compute(HadamardTask task, int thread, int threads) {
        long rows = task.rows();
        int end = (int) (rows * (thread + 1) / threads);
        long bytes = (long) task.width() * Float.BYTES;
        float scale = 1 / (float) Math.sqrt(task.width());
        for (int row = (int) (rows * thread / threads); row < end; row++) {
            row(task.from() + row * bytes, task.to() + row * bytes, task.width(), scale);
        }
    }

    private static void row(long from, long to, int width, float scale) {
        for (int i = 0; i < width; i += WIDTH) {
            long at = (long) i * Float.BYTES;
            store(within(load(from + at).mul(scale)), to + at);
        }
        int distance = WIDTH;
        for (; 4 * distance <= width; distance *= 4) {
            four(to, width, distance);
        }
        if (distance < width) {
            two(to, width, distance);
        }
    }

    /** The transform, without its factor, of each vector. */
    private static FloatVector within(FloatVector x) {
        FloatVector y = x.fma(NEXT_SIGNS, x.rearrange(NEXT));
        y = y.fma(TWO_APART_SIGNS, y.rearrange(TWO_APART));
        if (WIDTH > 4) {
            y = y.fma(FOUR_APART_SIGNS, y.rearrange(FOUR_APART));
        }
        if (WIDTH > 8) {
            y = y.fma(EIGHT_APART_SIGNS, y.rearrange(EIGHT_APART));
        }
        return y;
    }

    /** Two stages at once: of floats that are {@code distance} and twice as far apart. */
    private static void four(long row, int width, int distance) {
        long step = (long) distance * Float.BYTES;
        for (int group = 0; group < width; group += 4 * distance) {
            for (int i = group; i < group + distance; i += WIDTH) {
                long at = row + (long) i * Float.BYTES;
                FloatVector x0 = load(at);
                FloatVector x1 = load(at + step);
                FloatVector x2 = load(at + 2 * step);
                FloatVector x3 = load(at + 3 * step);
                FloatVector y0 = x0.add(x1);
                FloatVector y1 = x0.sub(x1);
                FloatVector y2 = x2.add(x3);
                FloatVector y3 = x2.sub(x3);
                store(y0.add(y2), at);
                store(y1.add(y3), at + step);
                store(y0.sub(y2), at + 2 * step);
                store(y1.sub(y3), at + 3 * step);
            }
        }
    }

    private static void two(long row, int width, int distance) {
        long step = (long) distance * Float.BYTES;
        for (int group = 0; group < width; group += 2 * distance) {
            for (int i = group; i < group + distance; i += WIDTH) {
                long at = row + (long) i * Float.BYTES;
                FloatVector x0 = load(at);
                FloatVector x1 = load(at + step);
                store(x0.add(x1), at);
                store(x0.sub(x1), at + step);
            }
        }
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, NativeMemory.ALL, address, ORDER);
    }

    private static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(NativeMemory.ALL, address, ORDER);
    }
}
