package org.kvant.quantize;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.kvant.gguf.GgmlType;

/**
 * llama-quantize's names for a mixture of types: the type most tensors get, and the number written as
 * {@code general.file_type} (llama.h, {@code enum llama_ftype}). Which tensors get another type is {@link PresetRules}'
 * business.
 */
public enum Preset {
    F32(0, GgmlType.F32),
    F16(1, GgmlType.F16),
    Q4_0(2, GgmlType.Q4_0),
    Q4_1(3, GgmlType.Q4_1),
    Q8_0(7, GgmlType.Q8_0),
    Q5_0(8, GgmlType.Q5_0),
    Q5_1(9, GgmlType.Q5_1),
    Q2_K(10, GgmlType.Q2_K),
    Q3_K_S(11, GgmlType.Q3_K),
    Q3_K_M(12, GgmlType.Q3_K),
    Q3_K_L(13, GgmlType.Q3_K),
    Q4_K_S(14, GgmlType.Q4_K),
    Q4_K_M(15, GgmlType.Q4_K),
    Q5_K_S(16, GgmlType.Q5_K),
    Q5_K_M(17, GgmlType.Q5_K),
    Q6_K(18, GgmlType.Q6_K),
    IQ2_XXS(19, GgmlType.IQ2_XXS),
    IQ2_XS(20, GgmlType.IQ2_XS),
    Q2_K_S(21, GgmlType.Q2_K),
    IQ3_XS(22, GgmlType.IQ3_S),
    IQ3_XXS(23, GgmlType.IQ3_XXS),
    IQ1_S(24, GgmlType.IQ1_S),
    IQ4_NL(25, GgmlType.IQ4_NL),
    IQ3_S(26, GgmlType.IQ3_S),
    IQ3_M(27, GgmlType.IQ3_S),
    IQ2_S(28, GgmlType.IQ2_XS),
    IQ2_M(29, GgmlType.IQ2_S),
    IQ4_XS(30, GgmlType.IQ4_XS),
    IQ1_M(31, GgmlType.IQ1_M),
    BF16(32, GgmlType.BF16),
    TQ1_0(36, GgmlType.TQ1_0),
    TQ2_0(37, GgmlType.TQ2_0),
    /** MXFP4 for the experts, Q8_0 for all else. */
    MXFP4_MOE(38, GgmlType.MXFP4),
    Q1_0(40, GgmlType.Q1_0),
    Q2_0(41, GgmlType.Q2_0),
    /** No quantizing: every tensor as it is, and the file type of the input. */
    COPY(0, GgmlType.F32);

    private final int fileType;
    private final GgmlType defaultType;

    Preset(int fileType, GgmlType defaultType) {
        this.fileType = fileType;
        this.defaultType = defaultType;
    }

    /** The value of {@code general.file_type}; without meaning for {@link #COPY}. */
    public int fileType() {
        return fileType;
    }

    /** The type of every tensor that no rule singles out. */
    public GgmlType defaultType() {
        return defaultType;
    }

    /** The presets of one to two and a half bits, which have rules of their own (llama-quant.cpp). */
    boolean veryLow() {
        return switch (this) {
            case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ2_M -> true;
            default -> false;
        };
    }

    /** Finds a preset by llama-quantize's name or alias ({@code Q4_K} is {@code Q4_K_M}), in any case. */
    public static Optional<Preset> of(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        String full = switch (upper) {
            case "Q3_K", "Q4_K", "Q5_K" -> upper + "_M";
            default -> upper;
        };
        return Arrays.stream(values()).filter(p -> p.name().equals(full)).findFirst();
    }

    /** All names, for messages. */
    public static String names() {
        return Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "));
    }
}
