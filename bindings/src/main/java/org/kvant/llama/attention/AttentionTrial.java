package org.kvant.llama.attention;

import java.util.Random;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the JVM compile the kernels of a {@link CacheAttention}, compares them with ggml's on made-up data, one thread each, and switches on what is clearly faster.
 * The shortest time of several counts: what else the machine does makes single ones much longer.
 */
final class AttentionTrial {
    private static final Logger LOG = LoggerFactory.getLogger(CacheAttention.class);

    /**
     * Cells of the samples that attention is compiled with. With few, methods are called often enough to be compiled before C2 takes their loops for long ones and
     * compiles these first, for that one call.
     */
    private static final int FEW_CELLS = 32;
    /** Rows of queries of a prompt's sample for each head of keys, at least: more than half a vector's, which the kernel takes together. */
    private static final int MANY_ROWS = 9;
    /** Its tokens, at least: they have masks of their own. */
    private static final int MANY_TOKENS = 3;
    /** Rows that rotation is compiled with, and those that it is compared with: beside these ggml's start of a graph is little. */
    private static final int FEW_ROTATED = 16;

    private static final int MANY_ROTATED = 512;
    /** How much faster a kernel has to be. */
    private static final double CLEARLY = 0.9;

    private static final int RUNS = 4;
    private static final long SLICE_NANOS = 10_000_000;
    /** Before it is compiled: slices that are not faster than that wait for the JVM's compilers. */
    private static final double NO_FASTER = 0.8;

    private static final long PAUSE_MILLIS = 10;
    private static final int MOST_SLICES = 500;
    /** After attention. */
    private static final int MOST_SLICES_OF_ROTATION = 20;
    /** No slice begins after this: without fused multiply-add in hardware a single one takes seconds. */
    private static final long MOST_NANOS = 20_000_000_000L;

    /** The JVM is done with compiling when slices stop to become faster than that. */
    private static final double SETTLED = 0.95;

    private final CacheAttention attention;
    private final AttentionShape shape;
    private final AttentionKernel kernel;
    private final HadamardKernel hadamard;

    /** @param shape of the operation that is compared */
    AttentionTrial(CacheAttention attention, AttentionShape shape) {
        this.attention = attention;
        this.shape = shape;
        kernel = attention.kernel(1);
        hadamard = attention.hadamard();
    }

    /** Takes about a second of a core. */
    void run() {
        Random random = new Random(1);
        int group = shape.heads() / shape.keyHeads();
        int fewTokens = group == 1 ? MANY_TOKENS : 1;
        int manyTokens = Math.max(MANY_TOKENS, MANY_ROWS / group | 1);
        try (AttentionSample one = new AttentionSample(shape, 1, random);
                AttentionSample few = new AttentionSample(shape.with(1, fewTokens, FEW_CELLS), 1, random);
                AttentionSample many = new AttentionSample(shape.with(2, manyTokens, FEW_CELLS), 1, random);
                HadamardSample fewRotated = rotated(FEW_ROTATED, random);
                HadamardSample manyRotated = rotated(MANY_ROTATED, random)) {
            for (int token = 0; token < manyTokens; token++) {
                many.mask(0, token, FEW_CELLS - 1 - token);
                many.mask(1, token, token);
            }
            if (attend(one, few, many, fewRotated)) {
                rotate(manyRotated);
            }
        }
    }

    /** llama.cpp takes the largest power of two that divides the width of keys. */
    private HadamardSample rotated(int rows, Random random) {
        return new HadamardSample(Integer.lowestOneBit(shape.keyWidth()), rows, 1, random);
    }

    /** Whether the kernel of attention is faster, and used from now on. */
    private boolean attend(AttentionSample one, AttentionSample few, AttentionSample many, HadamardSample rotated) {
        long before = Long.MAX_VALUE;
        long fewBefore = Long.MAX_VALUE;
        long manyBefore = Long.MAX_VALUE;
        long theirs = Long.MAX_VALUE;
        long start = System.nanoTime();
        for (int slice = 0;
                slice < MOST_SLICES && !attention.stopped() && System.nanoTime() - start < MOST_NANOS;
                slice++) {
            long fewNow = Long.MAX_VALUE;
            long manyNow = Long.MAX_VALUE;
            for (long begin = System.nanoTime(); System.nanoTime() - begin < SLICE_NANOS; ) {
                fewNow = Math.min(fewNow, nanos(() -> kernel.compute(few.task(), 0, 1)));
                manyNow = Math.min(manyNow, nanos(() -> kernel.compute(many.task(), 0, 1)));
                hadamard.compute(rotated.task(), 0, 1);
            }
            theirs = Math.min(theirs, shortest(one::computeByGgml));
            // Before it is compiled, a single one would take as long as ten slices.
            long ours = fewNow < theirs ? shortest(() -> kernel.compute(one.task(), 0, 1)) : Long.MAX_VALUE;
            LOG.debug("slice {}: few {}, many {}, ours {}, ggml {} ns", slice, fewNow, manyNow, ours, theirs);
            if (ours > SETTLED * before && manyNow > SETTLED * manyBefore && ours < CLEARLY * theirs) {
                attention.use(true);
                LOG.info(
                        "Attention over the cache: {} µs in Java, {} µs in ggml ({} cells, one token, one thread)",
                        ours / 1000,
                        theirs / 1000,
                        shape.cells());
                return true;
            }
            boolean waiting =
                    ours == Long.MAX_VALUE && manyNow > NO_FASTER * manyBefore && fewNow > NO_FASTER * fewBefore;
            before = ours;
            manyBefore = manyNow;
            fewBefore = fewNow;
            if (waiting) {
                pause();
            }
        }
        LOG.info("Attention over the cache stays ggml's, which is as fast here");
        return false;
    }

    private void rotate(HadamardSample rotated) {
        for (int slice = 0; slice < MOST_SLICES_OF_ROTATION && !attention.stopped(); slice++) {
            long theirs = shortest(rotated::computeByGgml);
            long ours = shortest(() -> hadamard.compute(rotated.task(), 0, 1));
            LOG.debug("rotation: ours {}, ggml {} ns", ours, theirs);
            if (ours < CLEARLY * theirs) {
                attention.useRotation(true);
                return;
            }
            pause();
        }
    }

    /** Leaves the core to the JVM's compilers and to requests. */
    private void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            attention.stop();
            Thread.currentThread().interrupt();
        }
    }

    private static long shortest(Runnable work) {
        long shortest = Long.MAX_VALUE;
        for (int run = 0; run < RUNS; run++) {
            shortest = Math.min(shortest, nanos(work));
        }
        return shortest;
    }

    private static long nanos(Runnable work) {
        long begin = System.nanoTime();
        work.run();
        return System.nanoTime() - begin;
    }
}
