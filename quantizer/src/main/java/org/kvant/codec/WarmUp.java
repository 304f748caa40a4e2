package org.kvant.codec;

import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls a kernel until it is compiled and faster than another, on one daemon thread for all kernels. */
final class WarmUp {

    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

    /** Values in a sample: enough to fill the lanes several times, few enough for passes before compilation to be short. */
    static final int SAMPLE = 2048;

    /** Passes of the kernel that is compiled already, the fastest of which counts. */
    private static final int SCALAR_PASSES = 10;

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private static final ExecutorService THREAD = thread();

    private WarmUp() {}

    private static ExecutorService thread() {
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                1,
                1,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().name("codec-warm-up").daemon().factory());
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /** Values to warm up with. */
    record Sample(float[] x, int rows, int columns, float @Nullable [] importance, int blockSize) {

        /** Copies the first rows, or the first part of the first row. */
        static Sample of(float[] x, int xo, int n, int columns, float @Nullable [] importance, int blockSize) {
            int width = Math.min(columns, SAMPLE / blockSize * blockSize);
            int rows = Math.max(1, Math.min(n, SAMPLE) / columns);
            return new Sample(
                    Arrays.copyOfRange(x, xo, xo + rows * width),
                    rows,
                    width,
                    importance == null ? null : Arrays.copyOf(importance, width),
                    blockSize);
        }

        long pass(BlockKernel kernel, byte[] y) {
            long start = System.nanoTime();
            kernel.largestMagnitudeBits(x, 0, x.length);
            if (importance == null) {
                kernel.encode(x, 0, y, 0, x.length / blockSize);
            } else {
                kernel.encodeWeighted(x, 0, y, 0, rows, columns, importance);
            }
            return System.nanoTime() - start;
        }
    }

    /** Calls {@code ready} from the warm-up thread once {@code twin} is faster than {@code scalar}. */
    static void start(BlockKernel scalar, BlockKernel twin, Sample sample, Runnable ready) {
        THREAD.execute(() -> {
            // No block of any type takes more bytes than its values do.
            byte[] y = new byte[4 * sample.x().length];
            long bar = Long.MAX_VALUE;
            for (int pass = 0; pass < SCALAR_PASSES; pass++) {
                bar = Math.min(bar, sample.pass(scalar, y));
            }
            long begin = System.nanoTime();
            for (int passes = 1; System.nanoTime() - begin < PATIENCE_NANOS; passes++) {
                if (sample.pass(twin, y) < bar) {
                    ready.run();
                    LOG.debug(
                            "{} took over after {} passes, {} ms",
                            twin,
                            passes,
                            (System.nanoTime() - begin) / 1_000_000);
                    return;
                }
            }
            LOG.debug("{} did not get faster than {}", twin, scalar);
        });
    }
}
