package org.kvant.codec;

import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Starts with the scalar kernel and goes over to its vector twin, whose bytes are the same, once there has been enough work
 * to earn the twin's compilation back and the twin has proved faster.
 *
 * <p>Code on the Vector API is hundreds of times slower than plain Java until the optimising compiler has had it, and that
 * takes seconds of processor time for one kernel: a small model is done by then. So the twin is called for nothing but
 * warm-up at first, on a thread aside and on real values; should it never get faster (no vector unit, an interpreter), the
 * scalar kernel simply stays.
 */
final class AdaptiveKernel implements BlockKernel {

    /**
     * So many thresholds of values must be expected for a warm-up ahead of them. At the threshold itself, which is passed
     * without knowing what follows, it would only break even.
     */
    private static final int EXPECTED_THRESHOLDS = 2;

    private final BlockKernel scalar;
    private final BlockKernel twin;
    private final Path plain;
    private final Path weighted;

    /**
     * @param blockSize values in a block
     * @param threshold values encoded by the scalar kernel before the twin is warmed up, for plain and weighted encoding each
     */
    AdaptiveKernel(BlockKernel scalar, BlockKernel twin, int blockSize, long threshold) {
        this.scalar = scalar;
        this.twin = twin;
        this.plain = new Path(blockSize, threshold);
        this.weighted = new Path(blockSize, threshold);
    }

    @Override
    public void encode(float[] x, int xo, byte[] y, int yo, int blocks) {
        plain.current.encode(x, xo, y, yo, blocks);
        if (plain.current == scalar) {
            plain.count(x, xo, blocks * plain.blockSize, blocks * plain.blockSize, null);
        }
    }

    @Override
    public void encodeWeighted(float[] x, int xo, byte[] y, int yo, int rows, int columns, float[] importance) {
        weighted.current.encodeWeighted(x, xo, y, yo, rows, columns, importance);
        if (weighted.current == scalar) {
            weighted.count(x, xo, rows * columns, columns, importance);
        }
    }

    @Override
    public boolean weighted() {
        return scalar.weighted();
    }

    @Override
    public boolean requiresImportance() {
        return scalar.requiresImportance();
    }

    @Override
    public void decode(byte[] y, int yo, float[] x, int xo, int blocks) {
        scalar.decode(y, yo, x, xo, blocks);
    }

    @Override
    public int[] scaleOffsets() {
        return scalar.scaleOffsets();
    }

    @Override
    public boolean scaleOverflows(byte[] y, int yo) {
        return scalar.scaleOverflows(y, yo);
    }

    @Override
    public int largestMagnitudeBits(float[] x, int xo, int n) {
        return plain.current.largestMagnitudeBits(x, xo, n);
    }

    /** Warms the twin of plain encoding up at once if so many values will earn its compilation back. */
    void expect(long values) {
        if (values >= EXPECTED_THRESHOLDS * plain.threshold && plain.started.compareAndSet(false, true)) {
            Random random = new Random(1);
            float[] x = new float[WarmUp.SAMPLE];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) random.nextGaussian();
            }
            plain.warmUp(WarmUp.Sample.of(x, 0, x.length, x.length, null, plain.blockSize));
        }
    }

    /** Whether the twin has taken over plain encoding. */
    boolean warm() {
        return plain.current == twin;
    }

    /** Plain or weighted encoding: the twin's code is ready for one and not for the other. */
    private final class Path {

        private final int blockSize;
        private final long threshold;
        private final AtomicLong done = new AtomicLong();
        private final AtomicBoolean started = new AtomicBoolean();
        volatile BlockKernel current = scalar;

        Path(int blockSize, long threshold) {
            this.blockSize = blockSize;
            this.threshold = threshold;
        }

        void count(float[] x, int xo, int n, int columns, float @Nullable [] importance) {
            long before = done.getAndAdd(n);
            if (before < threshold && before + n >= threshold && started.compareAndSet(false, true)) {
                warmUp(WarmUp.Sample.of(x, xo, n, columns, importance, blockSize));
            }
        }

        void warmUp(WarmUp.Sample sample) {
            WarmUp.start(scalar, twin, sample, () -> current = twin);
        }
    }
}
