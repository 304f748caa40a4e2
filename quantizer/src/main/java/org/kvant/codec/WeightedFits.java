package org.kvant.codec;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;
import org.kvant.gguf.GgmlType;

/**
 * Encoders that weigh where ggml ignores the importance: Q8_0, MXFP4, NVFP4, TQ1_0, TQ2_0, Q1_0 and Q2_0. They look for the
 * scale of each group that makes {@code Σ importance · (x − decoded)²} small, and are never worse in it than the library's own
 * encoding of the same block. Their bytes are not the library's, which {@link Codecs#of} keeps to; any decoder reads them.
 */
public final class WeightedFits {

    private static final Map<GgmlType, Codec> FITS = fits();

    private WeightedFits() {}

    /** The types that have a fit of their own. */
    public static boolean has(GgmlType type) {
        return FITS.containsKey(type);
    }

    /**
     * The weighted encoder of a type; {@link Codecs#of} where ggml weighs itself or there is nothing to choose. Without an
     * importance, the fits give all columns the same. Usable from any thread.
     *
     * @throws CodecException if there is none
     */
    public static Codec of(GgmlType type) {
        Codec fit = FITS.get(type);
        return fit != null ? fit : Codecs.of(type);
    }

    private static Map<GgmlType, Codec> fits() {
        Map<GgmlType, Codec> fits = new EnumMap<>(GgmlType.class);
        put(fits, GgmlType.Q8_0, new Q80Kernel(), Q80Fit::new);
        put(fits, GgmlType.MXFP4, new Mxfp4Kernel(), Fp4Fit::mxfp4);
        put(fits, GgmlType.NVFP4, new Nvfp4Kernel(), Fp4Fit::nvfp4);
        put(fits, GgmlType.TQ1_0, new Tq10Kernel(), () -> new TernaryFit(Tq10Kernel::put));
        put(fits, GgmlType.TQ2_0, new Tq20Kernel(), () -> new TernaryFit(Tq20Kernel::put));
        put(fits, GgmlType.Q1_0, new Q10Kernel(), Q10Fit::new);
        put(fits, GgmlType.Q2_0, new Q20Kernel(), Q20Fit::new);
        return fits;
    }

    private static void put(Map<GgmlType, Codec> fits, GgmlType type, BlockKernel library, Supplier<BlockFit> fit) {
        fits.put(type, new BlockCodec(type, new FitKernel(library, fit, type.blockSize(), type.typeSize())));
    }
}
