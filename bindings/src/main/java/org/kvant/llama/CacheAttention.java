package org.kvant.llama;

import java.util.Optional;
import java.util.Random;
import java.util.function.IntFunction;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.attention.AttentionKernel;
import org.kvant.llama.attention.AttentionKernels;
import org.kvant.llama.attention.AttentionShape;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Attention over a quantized cache on the CPU, computed in Java: ggml unpacks each cell again for every head and token and quantizes the queries as well; the
 * kernel of {@link AttentionKernels} unpacks it once for all heads that share it and leaves the queries as they are. It is off until {@link #tryOut} has found
 * it compiled and faster. Several contexts may have the same one; all methods may be called from any thread.
 */
public final class CacheAttention {
    private static final Logger LOG = LoggerFactory.getLogger(CacheAttention.class);

    /** Cells of the trial: those of a short conversation. */
    private static final int CELLS = 512;
    /**
     * Cells of the samples that it is compiled with. With few, methods are called often enough to be compiled before C2 takes their loops for long ones and compiles
     * these first, for that one call.
     */
    private static final int FEW_CELLS = 32;
    /** Rows of queries of a prompt's sample for each head of keys, at least: more than half a vector's, which the kernel takes together. */
    private static final int MANY_ROWS = 9;
    /** Its tokens, at least: they have masks of their own. */
    private static final int MANY_TOKENS = 3;
    /** How much faster the kernel has to be. */
    private static final double CLEARLY = 0.9;

    private static final int RUNS = 4;
    private static final long SLICE_NANOS = 10_000_000;
    /** Before it is compiled: slices that are not faster than that wait for the JVM's compilers. */
    private static final double NO_FASTER = 0.8;

    private static final long PAUSE_MILLIS = 10;
    private static final int MOST_SLICES = 500;
    /** No slice begins after this: without fused multiply-add in hardware a single one takes seconds. */
    private static final long MOST_NANOS = 20_000_000_000L;

    /** The JVM is done with compiling when slices stop to become faster than that. */
    private static final double SETTLED = 0.95;

    private final AttentionShape shape;
    private final IntFunction<AttentionKernel> kernels;
    private volatile boolean on;
    private volatile boolean computing;
    private volatile boolean stopped;

    /** @param kernels make one for at most that many threads */
    CacheAttention(AttentionShape shape, IntFunction<AttentionKernel> kernels) {
        this.shape = shape;
        this.kernels = kernels;
    }

    /** For a model's cache of these types; nothing where there is no kernel for them, no Vector API in this JVM, or a device that could compute attention itself. */
    public static Optional<CacheAttention> of(Model model, GgmlType keyType, GgmlType valueType) {
        if (Backend.load().devices().stream().anyMatch(CacheAttention::computes)) {
            return Optional.empty();
        }
        HyperParameters p = model.parameters();
        for (int layer = 0; layer < p.layers(); layer++) {
            int keyHeads = p.kvHeads()[layer];
            int heads = p.heads()[layer];
            if (keyHeads > 0 && heads % keyHeads == 0) {
                AttentionShape shape = new AttentionShape(
                        1, 1, heads, keyHeads, CELLS, p.headDimK(layer), p.headDimV(layer), keyType, valueType);
                return AttentionKernels.computes(shape)
                        ? Optional.of(new CacheAttention(shape, AttentionKernels::create))
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    private static boolean computes(Device device) {
        return device.kind() != Device.Kind.CPU && device.kind() != Device.Kind.ACCEL;
    }

    /** One for a context of its own. */
    AttentionKernel kernel(int threads) {
        return kernels.apply(threads);
    }

    /** Whether contexts use it for what they decode from now on. */
    public boolean isOn() {
        return on;
    }

    /**
     * Lets the JVM compile the kernel, compares it with ggml's on made-up data, one thread each, and switches it on if it is clearly faster. Takes about a second of
     * a core.
     */
    public void tryOut() {
        computing = true;
        try {
            compare();
        } finally {
            computing = false;
        }
    }

    /** Whether {@link #tryOut} is at work just now, and would like a core for itself. */
    public boolean isComputing() {
        return computing;
    }

    private void compare() {
        AttentionKernel kernel = kernel(1);
        Random random = new Random(1);
        int group = shape.heads() / shape.keyHeads();
        int fewTokens = group == 1 ? MANY_TOKENS : 1;
        int manyTokens = Math.max(MANY_TOKENS, MANY_ROWS / group | 1);
        try (AttentionSample one = new AttentionSample(shape, 1, random);
                AttentionSample few = new AttentionSample(shape.with(1, fewTokens, FEW_CELLS), 1, random);
                AttentionSample many = new AttentionSample(shape.with(2, manyTokens, FEW_CELLS), 1, random)) {
            for (int token = 0; token < manyTokens; token++) {
                many.mask(0, token, FEW_CELLS - 1 - token);
                many.mask(1, token, token);
            }
            long before = Long.MAX_VALUE;
            long fewBefore = Long.MAX_VALUE;
            long manyBefore = Long.MAX_VALUE;
            // The shortest of all: what else the machine does makes single ones much longer.
            long theirs = Long.MAX_VALUE;
            long start = System.nanoTime();
            for (int slice = 0; slice < MOST_SLICES && !stopped && System.nanoTime() - start < MOST_NANOS; slice++) {
                long fewNow = Long.MAX_VALUE;
                long manyNow = Long.MAX_VALUE;
                for (long begin = System.nanoTime(); System.nanoTime() - begin < SLICE_NANOS; ) {
                    fewNow = Math.min(fewNow, nanos(() -> kernel.compute(few.task(), 0, 1)));
                    manyNow = Math.min(manyNow, nanos(() -> kernel.compute(many.task(), 0, 1)));
                }
                theirs = Math.min(theirs, shortest(one::computeByGgml));
                // Before it is compiled, a single one would take as long as ten slices.
                long ours = fewNow < theirs ? shortest(() -> kernel.compute(one.task(), 0, 1)) : Long.MAX_VALUE;
                boolean waiting =
                        ours == Long.MAX_VALUE && manyNow > NO_FASTER * manyBefore && fewNow > NO_FASTER * fewBefore;
                LOG.debug("slice {}: few {}, many {}, ours {}, ggml {} ns", slice, fewNow, manyNow, ours, theirs);
                if (ours > SETTLED * before && manyNow > SETTLED * manyBefore && ours < CLEARLY * theirs) {
                    use(true);
                    LOG.info(
                            "Attention over the cache: {} µs in Java, {} µs in ggml ({} cells, one token, one thread)",
                            ours / 1000,
                            theirs / 1000,
                            CELLS);
                    return;
                }
                before = ours;
                manyBefore = manyNow;
                fewBefore = fewNow;
                if (waiting) {
                    pause();
                }
            }
        }
        LOG.info("Attention over the cache stays ggml's, which is as fast here");
    }

    /** Leaves the core to the JVM's compilers and to requests. */
    private void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            stop();
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

    /** Switches it, unless it was stopped. */
    synchronized void use(boolean now) {
        on = now && !stopped;
    }

    /** Ends {@link #tryOut} soon, and uses ggml's from now on. */
    public synchronized void stop() {
        stopped = true;
        on = false;
    }

    /** Something went wrong: ggml's is used from now on. */
    void fail(Throwable cause) {
        stop();
        LOG.warn("Attention over the cache is computed by ggml from now on, which takes longer", cause);
    }
}
