package org.kvant.codec;

import java.util.EnumMap;
import java.util.Map;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/** Where codecs come from. */
public final class Codecs {

    /**
     * Values after which the twins are warmed up. A search costs 50 to 400 ns a value in plain Java, simple rounding 3 ns;
     * compiling a twin costs some seconds of processor time, or half a second.
     */
    private static final long SEARCH_THRESHOLD = 16L << 20;

    private static final long SIMPLE_THRESHOLD = 96L << 20;

    private static final Map<GgmlType, Codec> SCALAR = codecs(Implementation.SCALAR);
    private static final Map<GgmlType, Codec> CHOSEN = codecs(choice());

    private enum Implementation {
        SCALAR,
        VECTOR,
        ADAPTIVE
    }

    private Codecs() {}

    /**
     * The fastest implementation there is for a type: plain Java, and where the module {@code jdk.incubator.vector} is resolved
     * the Vector API as soon as it pays. {@code -Dkvant.codec=scalar} or {@code vector} forces one.
     *
     * @throws CodecException if there is none
     */
    public static Codec of(GgmlType type) {
        return get(CHOSEN, type);
    }

    /**
     * The implementation in plain Java.
     *
     * @throws CodecException if there is none
     */
    public static Codec scalar(GgmlType type) {
        return get(SCALAR, type);
    }

    /**
     * Says that about so many values of a type will be encoded without importance, so that its fastest implementation can be
     * made ready in time, on a thread aside. Without effect if that would not pay.
     */
    public static void expect(GgmlType type, long values) {
        if (CHOSEN.get(type) instanceof BlockCodec codec && codec.kernel() instanceof AdaptiveKernel adaptive) {
            adaptive.expect(values);
        }
    }

    private static Codec get(Map<GgmlType, Codec> codecs, GgmlType type) {
        @Nullable Codec codec = codecs.get(type);
        if (codec == null) {
            throw new CodecException("no codec for type " + type.label() + "; there are " + codecs.keySet());
        }
        return codec;
    }

    /** Whether {@link #of} knows the type. */
    public static boolean canEncode(GgmlType type) {
        return SCALAR.containsKey(type);
    }

    private static Implementation choice() {
        String choice = System.getProperty("kvant.codec", "");
        return switch (choice) {
            case "scalar" -> Implementation.SCALAR;
            case "vector" -> {
                if (!vectorModule()) {
                    throw new CodecException("kvant.codec=vector needs --add-modules=jdk.incubator.vector");
                }
                yield Implementation.VECTOR;
            }
            case "" -> vectorModule() ? Implementation.ADAPTIVE : Implementation.SCALAR;
            default -> throw new CodecException("kvant.codec is " + choice + "; it may be scalar or vector");
        };
    }

    /** Whether the Vector API is there; without it, no class of {@code org.kvant.codec.vector} may be loaded. */
    static boolean vectorModule() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    /** The implementation on the Vector API, without a warm-up. */
    static Codec vector(GgmlType type) {
        return get(VectorHolder.CODECS, type);
    }

    /** Found only where the Vector API is there: no class of {@code org.kvant.codec.vector} is loaded before. */
    private static final class Twins {
        static final KernelTwins FOUND = ServiceLoader.load(KernelTwins.class, Codecs.class.getClassLoader())
                .findFirst()
                .orElseThrow(() -> new CodecException("the kernels on the Vector API are not on the class path"));
    }

    private static final class VectorHolder {
        static final Map<GgmlType, Codec> CODECS = codecs(Implementation.VECTOR);
    }

    private static Map<GgmlType, Codec> codecs(Implementation implementation) {
        Map<GgmlType, Codec> codecs = new EnumMap<>(GgmlType.class);
        codecs.put(GgmlType.F32, new F32Codec());
        codecs.put(GgmlType.F16, new Float16Codec.F16());
        codecs.put(GgmlType.BF16, new Float16Codec.Bf16());
        for (GgmlType type : GgmlType.values()) {
            @Nullable BlockKernel scalar = scalarKernel(type);
            if (scalar != null) {
                codecs.put(type, new BlockCodec(type, kernel(implementation, type, scalar)));
            }
        }
        return codecs;
    }

    private static BlockKernel kernel(Implementation implementation, GgmlType type, BlockKernel scalar) {
        if (implementation == Implementation.SCALAR) {
            return scalar;
        }
        BlockKernel twin = Twins.FOUND.twin(type, scalar);
        return implementation == Implementation.VECTOR || twin == scalar
                ? twin
                : new AdaptiveKernel(
                        scalar, twin, type.blockSize(), simple(type) ? SIMPLE_THRESHOLD : SEARCH_THRESHOLD);
    }

    private static boolean simple(GgmlType type) {
        return switch (type) {
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, MXFP4, NVFP4 -> true;
            default -> false;
        };
    }

    private static @Nullable BlockKernel scalarKernel(GgmlType type) {
        return switch (type) {
            case Q4_0 -> new Q40Kernel();
            case Q4_1 -> new Q41Kernel();
            case Q5_0 -> new Q50Kernel();
            case Q5_1 -> new Q51Kernel();
            case Q8_0 -> new Q80Kernel();
            case IQ4_NL -> new Iq4NlKernel();
            case Q2_K -> new AffineKernel(Formats.Q2_K);
            case Q3_K -> new SignedKernel(Formats.Q3_K);
            case Q4_K -> new AffineKernel(Formats.Q4_K);
            case Q5_K -> new AffineKernel(Formats.Q5_K);
            case Q6_K -> new SignedKernel(Formats.Q6_K);
            case IQ4_XS -> new Iq4XsKernel();
            case IQ1_S -> new Iq1SKernel();
            case IQ1_M -> new Iq1MKernel();
            case IQ2_XXS -> new Iq2XxsKernel();
            case IQ2_XS -> new Iq2XsKernel();
            case IQ2_S -> new Iq2SKernel();
            case IQ3_XXS -> new Iq3XxsKernel();
            case IQ3_S -> new Iq3SKernel();
            case TQ1_0 -> new Tq10Kernel();
            case TQ2_0 -> new Tq20Kernel();
            case MXFP4 -> new Mxfp4Kernel();
            case NVFP4 -> new Nvfp4Kernel();
            case Q1_0 -> new Q10Kernel();
            case Q2_0 -> new Q20Kernel();
            default -> null;
        };
    }
}
