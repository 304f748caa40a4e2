package org.kvant.llama.eval;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.kvant.llama.ffi.llama_h;

/** ggml's names of operations, each asked for once: the eval callback wants one for every node of every graph. */
final class OpNames {
    private static final ConcurrentMap<Integer, String> NAMES = new ConcurrentHashMap<>();

    private OpNames() {}

    /** @param op of a tensor that ggml made: a wrong number would be out of the bounds of ggml's table */
    static String of(int op) {
        return NAMES.computeIfAbsent(op, id -> llama_h.ggml_op_name(id).getString(0));
    }
}
