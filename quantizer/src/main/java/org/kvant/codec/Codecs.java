package org.kvant.codec;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvant.gguf.GgmlType;

/** Where codecs come from. */
public final class Codecs {

    private static final Map<GgmlType, Codec> SCALAR = scalarCodecs();

    private Codecs() {}

    /**
     * The fastest implementation there is for a type.
     *
     * @throws CodecException if there is none
     */
    public static Codec of(GgmlType type) {
        return scalar(type);
    }

    /**
     * The implementation in plain Java.
     *
     * @throws CodecException if there is none
     */
    public static Codec scalar(GgmlType type) {
        @Nullable Codec codec = SCALAR.get(type);
        if (codec == null) {
            throw new CodecException("no codec for type " + type.label() + "; there are " + SCALAR.keySet());
        }
        return codec;
    }

    /** Whether {@link #of} knows the type. */
    public static boolean canEncode(GgmlType type) {
        return SCALAR.containsKey(type);
    }

    private static Map<GgmlType, Codec> scalarCodecs() {
        Map<GgmlType, Codec> codecs = new EnumMap<>(GgmlType.class);
        codecs.put(GgmlType.F32, new F32Codec());
        codecs.put(GgmlType.F16, new Float16Codec.F16());
        codecs.put(GgmlType.BF16, new Float16Codec.Bf16());
        for (GgmlType type : GgmlType.values()) {
            @Nullable BlockKernel kernel = kernel(type);
            if (kernel != null) {
                codecs.put(type, new BlockCodec(type, kernel));
            }
        }
        return codecs;
    }

    private static @Nullable BlockKernel kernel(GgmlType type) {
        return switch (type) {
            case Q4_0 -> new Q40Kernel();
            case Q4_1 -> new Q41Kernel();
            case Q5_0 -> new Q50Kernel();
            case Q5_1 -> new Q51Kernel();
            case Q8_0 -> new Q80Kernel();
            case IQ4_NL -> new Iq4NlKernel();
            case Q2_K -> new Q2KKernel();
            case Q3_K -> new Q3KKernel();
            case Q4_K -> new Q4KKernel();
            case Q5_K -> new Q5KKernel();
            case Q6_K -> new Q6KKernel();
            default -> null;
        };
    }
}
