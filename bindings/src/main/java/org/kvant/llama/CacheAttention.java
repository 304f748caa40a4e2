package org.kvant.llama;

import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
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
    /** Tokens of the second sample: an odd number of rows whatever the heads, and tokens with masks of their own. */
    private static final int TOKENS = 3;
    /** How much faster the kernel has to be. */
    private static final double CLEARLY = 0.9;

    private static final int GGML_RUNS = 4;
    private static final long SLICE_NANOS = 40_000_000;
    /** Most that the trial waits for others in all. */
    private static final long PATIENCE_NANOS = 1_000_000_000L;

    private static final long LOOK_AGAIN_MILLIS = 10;
    private static final int MOST_SLICES = 150;
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
     * Lets the JVM compile the kernel, compares it with ggml's on made-up data, one thread each, and switches it on if it is clearly faster. Takes one or two
     * seconds of a core.
     *
     * @param urgent whether others need the core just now; the trial then waits, but not for ever
     */
    public void tryOut(BooleanSupplier urgent) {
        computing = true;
        try {
            compare(urgent);
        } finally {
            computing = false;
        }
    }

    /** Whether {@link #tryOut} is at work just now, and would like a core for itself. */
    public boolean isComputing() {
        return computing;
    }

    private void compare(BooleanSupplier urgent) {
        AttentionKernel kernel = kernel(1);
        Random random = new Random(1);
        AttentionShape several = new AttentionShape(
                2,
                TOKENS,
                shape.heads(),
                shape.keyHeads(),
                CELLS / 8,
                shape.keyWidth(),
                shape.valueWidth(),
                shape.keyType(),
                shape.valueType());
        try (AttentionSample single = new AttentionSample(shape, 1, random);
                AttentionSample prompt = new AttentionSample(several, 1, random)) {
            for (int token = 0; token < TOKENS; token++) {
                prompt.mask(0, token, CELLS / 8 - 1 - token);
                prompt.mask(1, token, token);
            }
            long before = Long.MAX_VALUE;
            long manyBefore = Long.MAX_VALUE;
            // The shortest of all: what else the machine does makes single ones much longer.
            long theirs = Long.MAX_VALUE;
            long patience = PATIENCE_NANOS;
            long start = System.nanoTime();
            for (int slice = 0; slice < MOST_SLICES && !stopped && System.nanoTime() - start < MOST_NANOS; slice++) {
                patience -= await(urgent, patience);
                long ours = Long.MAX_VALUE;
                long many = Long.MAX_VALUE;
                for (long begin = System.nanoTime(); System.nanoTime() - begin < SLICE_NANOS; ) {
                    ours = Math.min(ours, nanos(() -> kernel.compute(single.task(), 0, 1)));
                    many = Math.min(many, nanos(() -> kernel.compute(prompt.task(), 0, 1)));
                }
                for (int run = 0; run < GGML_RUNS; run++) {
                    theirs = Math.min(theirs, nanos(single::computeByGgml));
                }
                boolean settled = ours > SETTLED * before && many > SETTLED * manyBefore;
                LOG.debug("slice {}: ours {} ns, ggml {} ns", slice, ours, theirs);
                if (settled && ours < CLEARLY * theirs) {
                    use(true);
                    LOG.info(
                            "Attention over the cache: {} µs in Java, {} µs in ggml ({} cells, one token, one thread)",
                            ours / 1000,
                            theirs / 1000,
                            CELLS);
                    return;
                }
                before = ours;
                manyBefore = many;
            }
        }
        LOG.info("Attention over the cache stays ggml's, which is as fast here");
    }

    /** Waits while others need the core, at most so long; returns how long it was. */
    private long await(BooleanSupplier urgent, long most) {
        long begin = System.nanoTime();
        while (!stopped && urgent.getAsBoolean() && System.nanoTime() - begin < most) {
            computing = false;
            try {
                Thread.sleep(LOOK_AGAIN_MILLIS);
            } catch (InterruptedException e) {
                stop();
                Thread.currentThread().interrupt();
            }
        }
        computing = true;
        return System.nanoTime() - begin;
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
