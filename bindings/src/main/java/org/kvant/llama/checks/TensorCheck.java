package org.kvant.llama.checks;

import java.util.Collection;
import java.util.Set;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufException;
import org.kvant.gguf.TensorInfo;
import org.kvant.model.HyperParameters;

/**
 * The types that tensors may have. llama.cpp checks their shapes but computes with whatever type it finds: one for which a
 * backend has no code is an assertion or a null function pointer.
 */
final class TensorCheck {
    /** Types that no weight has: ggml has them for intermediate results and counts only. */
    private static final Set<GgmlType> NEVER =
            Set.of(GgmlType.Q8_1, GgmlType.Q8_K, GgmlType.I8, GgmlType.I16, GgmlType.I64, GgmlType.F64);

    private TensorCheck() {}

    static void check(Collection<TensorInfo> tensors, HyperParameters parameters) throws GgufException {
        for (TensorInfo tensor : tensors) {
            GgmlType type = tensor.type();
            if (NEVER.contains(type) || (type == GgmlType.I32 && !hasIndexTables(parameters.architecture()))) {
                throw bad(tensor, "is of type " + type.ggmlName() + ", which no weight can have");
            }
            if (isVector(tensor) && type != GgmlType.F32) {
                throw bad(tensor, "is of type " + type.ggmlName() + "; norms and biases must be f32");
            }
        }
    }

    /** Tables of expert ids. */
    private static boolean hasIndexTables(String architecture) {
        return architecture.equals("deepseek4") || architecture.equals("dflash");
    }

    /** What is added or multiplied elementwise, which backends can do with f32 only. */
    private static boolean isVector(TensorInfo tensor) {
        return tensor.rows() == 1 && tensor.shape().length == 1 || tensor.name().endsWith("_norm.weight");
    }

    private static GgufException bad(TensorInfo tensor, String what) {
        return new GgufException(null, "tensor '" + tensor.name() + "'", what, "");
    }
}
