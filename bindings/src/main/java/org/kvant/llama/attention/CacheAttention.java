package org.kvant.llama.attention;

import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.Device;
import org.kvant.llama.Model;
import org.kvant.llama.OwnAttention;
import org.kvant.llama.library.GraphHook;
import org.kvant.model.HyperParameters;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Attention over a quantized cache on the CPU, computed in Java: ggml unpacks each cell again for every head and token and quantizes the queries as well; the
 * kernel of {@link AttentionKernels} unpacks it once for all heads that share it and leaves the queries as they are. Beside it, the rotations of what goes into such a
 * cache and comes out of it. Both are off until {@link #tryOut} has found them compiled and faster. Several contexts may have the same one; all methods may be
 * called from any thread.
 */
public final class CacheAttention implements OwnAttention {
    private static final Logger LOG = LoggerFactory.getLogger(CacheAttention.class);

    /** Cells of the trial: those of a short conversation. */
    private static final int CELLS = 512;

    private final AttentionShape shape;
    private final IntFunction<AttentionKernel> kernels;
    private final Supplier<HadamardKernel> hadamard;
    private volatile boolean on;
    private volatile boolean rotates;
    private volatile boolean computing;
    private volatile boolean stopped;

    /** @param kernels make one for at most that many threads */
    CacheAttention(AttentionShape shape, IntFunction<AttentionKernel> kernels, Supplier<HadamardKernel> hadamard) {
        this.shape = shape;
        this.kernels = kernels;
        this.hadamard = hadamard;
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
                        ? Optional.of(new CacheAttention(shape, AttentionKernels::create, AttentionKernels::hadamard))
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    private static boolean computes(Device device) {
        return device.kind() != Device.Kind.CPU && device.kind() != Device.Kind.ACCEL;
    }

    @Override
    public GraphHook open(int sequences, Runnable stop) {
        return new AttentionHook(this, sequences);
    }

    /** One for a context of its own. */
    AttentionKernel kernel(int threads) {
        return kernels.apply(threads);
    }

    /** One for the rotations beside attention. */
    HadamardKernel hadamard() {
        return hadamard.get();
    }

    @Override
    public boolean isOn() {
        return on;
    }

    /** Whether contexts rotate with {@link #hadamard}. */
    boolean rotates() {
        return rotates;
    }

    /**
     * Finds out whether it is faster, and switches it on then ({@link AttentionTrial}). Takes about a second of a core.
     */
    public void tryOut() {
        computing = true;
        try {
            new AttentionTrial(this, shape).run();
        } finally {
            computing = false;
        }
    }

    @Override
    public boolean isComputing() {
        return computing;
    }

    /** Switches it, unless it was stopped. */
    synchronized void use(boolean now) {
        on = now && !stopped;
    }

    /** Switches rotations, unless it was stopped. */
    synchronized void useRotation(boolean now) {
        rotates = now && !stopped;
    }

    /** Ends {@link #tryOut} soon, and uses ggml's from now on. */
    public synchronized void stop() {
        stopped = true;
        on = false;
        rotates = false;
    }

    boolean stopped() {
        return stopped;
    }

    /** Something went wrong: ggml's is used from now on. */
    void fail(Throwable cause) {
        stop();
        LOG.warn("Attention over the cache is computed by ggml from now on, which takes longer", cause);
    }
}
