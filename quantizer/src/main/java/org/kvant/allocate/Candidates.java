package org.kvant.allocate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.TensorInfo;

/** The types among which a tensor's is chosen. */
public final class Candidates {
    /**
     * Every type of 2 to 8.5 bits that llama.cpp has had for long, and what full precision costs; and MXFP4, the only one below 4.5 bits for rows that
     * aren't multiples of 256.
     */
    public static final List<GgmlType> DEFAULT = List.of(
            GgmlType.IQ2_XXS,
            GgmlType.IQ2_XS,
            GgmlType.IQ2_S,
            GgmlType.Q2_K,
            GgmlType.IQ3_XXS,
            GgmlType.IQ3_S,
            GgmlType.Q3_K,
            GgmlType.IQ4_XS,
            GgmlType.MXFP4,
            GgmlType.Q4_0,
            GgmlType.IQ4_NL,
            GgmlType.Q4_K,
            GgmlType.Q4_1,
            GgmlType.Q5_0,
            GgmlType.Q5_K,
            GgmlType.Q5_1,
            GgmlType.Q6_K,
            GgmlType.Q8_0,
            GgmlType.F16);

    /** Types with the same kind of grid, finer from one to the next: more of it never loses more. */
    private static final List<List<GgmlType>> FAMILIES = List.of(
            List.of(GgmlType.Q4_0, GgmlType.Q5_0, GgmlType.Q8_0, GgmlType.F16),
            List.of(GgmlType.Q4_1, GgmlType.Q5_1, GgmlType.Q8_0),
            List.of(GgmlType.IQ4_NL, GgmlType.Q5_0),
            List.of(GgmlType.Q2_K, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K, GgmlType.Q8_0),
            List.of(GgmlType.Q3_K, GgmlType.Q6_K),
            List.of(
                    GgmlType.IQ2_XXS,
                    GgmlType.IQ2_XS,
                    GgmlType.IQ2_S,
                    GgmlType.IQ3_XXS,
                    GgmlType.IQ3_S,
                    GgmlType.IQ4_XS,
                    GgmlType.Q5_K));

    private Candidates() {}

    /**
     * Those that the tensor's rows divide into and that are no larger than what it is now; its own type among them, so there is always one.
     */
    static List<GgmlType> of(TensorInfo tensor, List<GgmlType> allowed) {
        List<GgmlType> types = new ArrayList<>();
        for (GgmlType type : allowed) {
            GgmlType own = type == GgmlType.F16 && tensor.type() == GgmlType.BF16 ? GgmlType.BF16 : type;
            boolean fits = tensor.columns() % own.blockSize() == 0;
            if (fits && own.bitsPerWeight() <= tensor.type().bitsPerWeight() && !types.contains(own)) {
                types.add(own);
            }
        }
        if (types.isEmpty()) {
            types.add(tensor.type());
        }
        types.sort(Comparator.comparingDouble(GgmlType::bitsPerWeight));
        return types;
    }

    /** Takes the noise of sampling out: within a family a finer type gets at most the coarser one's loss. */
    static Map<GgmlType, Double> monotone(Map<GgmlType, Double> losses) {
        Map<GgmlType, Double> clean = new EnumMap<>(losses);
        for (List<GgmlType> family : FAMILIES) {
            double least = Double.POSITIVE_INFINITY;
            for (GgmlType type : family) {
                Double loss = clean.get(type);
                if (loss != null) {
                    least = Math.min(least, loss);
                    clean.put(type, least);
                }
            }
        }
        return clean;
    }
}
