package org.kvant.calibrate;

import java.util.Optional;
import org.kvant.calibrate.LinearInput.Kind;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.eval.EvalNode;
import org.kvant.llama.eval.EvalTensor;

/**
 * A node of a graph whose input is collected: the matrix products that llama-imatrix collects (imatrix.cpp, {@code collect_imatrix}) and the last
 * hidden state.
 *
 * @param weight name of the weight; empty for the head, which the graph does not name before it is reached
 * @param input what the weight is multiplied with
 */
record LinearNode(String weight, Kind kind, EvalTensor input, int matrices) {
    /** llama.cpp's name of the last hidden state in every architecture's graph. */
    private static final String LAST_HIDDEN = "result_norm";

    static Optional<LinearNode> of(EvalNode node) {
        if (node.name().equals(LAST_HIDDEN)) {
            return Optional.of(new LinearNode("", Kind.HEAD, node.result(), 1));
        }
        boolean experts = node.op().equals("MUL_MAT_ID");
        if (!experts && !node.op().equals("MUL_MAT")) {
            return Optional.empty();
        }
        EvalTensor weight = node.source(0).orElseThrow();
        EvalTensor input = node.source(1).orElseThrow();
        String name = fileName(weight.name());
        if (input.type() != GgmlType.F32 || !name.startsWith("blk.")) {
            return Optional.empty();
        }
        long matrices = weight.dimension(2) * weight.dimension(3);
        return Optional.of(new LinearNode(name, experts ? Kind.EXPERTS : Kind.DENSE, input, Math.toIntExact(matrices)));
    }

    /** A copy for another device is called {@code CUDA0#blk.0.attn_k.weight#0}. */
    private static String fileName(String name) {
        String[] parts = name.split("#", -1);
        return parts.length > 1 ? parts[1] : name;
    }
}
