package org.kvant.gguf;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Every tensor type of ggml as of llama.cpp v0.5.0, with its block layout sizes ({@code type_traits} in {@code ggml.c}, block structs in
 * {@code ggml-common.h}). Ids that ggml has removed (4, 5, 31 to 33, 36 to 38) are not types here; {@link #removed(int)} names them.
 */
public enum GgmlType {
    F32(0, "f32", 1, 4),
    F16(1, "f16", 1, 2),
    Q4_0(2, "q4_0", 32, 18),
    Q4_1(3, "q4_1", 32, 20),
    Q5_0(6, "q5_0", 32, 22),
    Q5_1(7, "q5_1", 32, 24),
    Q8_0(8, "q8_0", 32, 34),
    Q8_1(9, "q8_1", 32, 36),
    Q2_K(10, "q2_K", 256, 84),
    Q3_K(11, "q3_K", 256, 110),
    Q4_K(12, "q4_K", 256, 144),
    Q5_K(13, "q5_K", 256, 176),
    Q6_K(14, "q6_K", 256, 210),
    Q8_K(15, "q8_K", 256, 292),
    IQ2_XXS(16, "iq2_xxs", 256, 66),
    IQ2_XS(17, "iq2_xs", 256, 74),
    IQ3_XXS(18, "iq3_xxs", 256, 98),
    IQ1_S(19, "iq1_s", 256, 50),
    IQ4_NL(20, "iq4_nl", 32, 18),
    IQ3_S(21, "iq3_s", 256, 110),
    IQ2_S(22, "iq2_s", 256, 82),
    IQ4_XS(23, "iq4_xs", 256, 136),
    I8(24, "i8", 1, 1),
    I16(25, "i16", 1, 2),
    I32(26, "i32", 1, 4),
    I64(27, "i64", 1, 8),
    F64(28, "f64", 1, 8),
    IQ1_M(29, "iq1_m", 256, 56),
    BF16(30, "bf16", 1, 2),
    TQ1_0(34, "tq1_0", 256, 54),
    TQ2_0(35, "tq2_0", 256, 66),
    MXFP4(39, "mxfp4", 32, 17),
    NVFP4(40, "nvfp4", 64, 36),
    Q1_0(41, "q1_0", 128, 18),
    Q2_0(42, "q2_0", 64, 18);

    private static final Map<Integer, GgmlType> BY_ID = new HashMap<>();
    private static final Map<String, GgmlType> BY_NAME = new HashMap<>();
    private static final Map<Integer, String> REMOVED = Map.of(
            4,
            "Q4_2",
            5,
            "Q4_3",
            31,
            "Q4_0_4_4",
            32,
            "Q4_0_4_8",
            33,
            "Q4_0_8_8",
            36,
            "IQ4_NL_4_4",
            37,
            "IQ4_NL_4_8",
            38,
            "IQ4_NL_8_8");

    static {
        for (GgmlType type : values()) {
            BY_ID.put(type.id, type);
            BY_NAME.put(type.ggmlName.toLowerCase(Locale.ROOT), type);
        }
    }

    private final int id;
    private final String ggmlName;
    private final int blockSize;
    private final int typeSize;

    GgmlType(int id, String ggmlName, int blockSize, int typeSize) {
        this.id = id;
        this.ggmlName = ggmlName;
        this.blockSize = blockSize;
        this.typeSize = typeSize;
    }

    /** The {@code enum ggml_type} value, as stored in files. */
    public int id() {
        return id;
    }

    /** ggml's own spelling, such as {@code q4_K}. */
    public String ggmlName() {
        return ggmlName;
    }

    /** The customary upper-case spelling, such as {@code Q4_K}. */
    public String label() {
        return name();
    }

    /** Elements in one block; 1 for types that are not quantized. A row of a tensor is a whole number of blocks. */
    public int blockSize() {
        return blockSize;
    }

    /** Bytes of one block. */
    public int typeSize() {
        return typeSize;
    }

    /** Whether a block holds codes and scales rather than plain numbers. */
    public boolean quantized() {
        return blockSize > 1;
    }

    /** Bits an element takes on average, scales included. */
    public double bitsPerWeight() {
        return 8.0 * typeSize / blockSize;
    }

    /**
     * Bytes that {@code elements} elements take.
     *
     * @throws IllegalArgumentException if that is negative or not a whole number of blocks
     * @throws ArithmeticException if the result does not fit a long
     */
    public long bytes(long elements) {
        if (elements < 0 || elements % blockSize != 0) {
            throw new IllegalArgumentException(
                    elements + " elements are not a whole number of " + label() + " blocks of " + blockSize);
        }
        return Math.multiplyExact(elements / blockSize, (long) typeSize);
    }

    /** The type with this {@code enum ggml_type} value; empty for removed and unknown ids. */
    public static Optional<GgmlType> ofId(int id) {
        return Optional.ofNullable(BY_ID.get(id));
    }

    /** The type with this name in any case, such as {@code q4_k}; empty if there is none. */
    public static Optional<GgmlType> ofName(String name) {
        return Optional.ofNullable(BY_NAME.get(name.toLowerCase(Locale.ROOT)));
    }

    /** The name of a type that ggml once had under this id and has removed. */
    public static Optional<String> removed(int id) {
        return Optional.ofNullable(REMOVED.get(id));
    }
}
