package org.kvant.quantize;

import java.util.List;
import org.kvant.gguf.TensorInfo;

/** Which tensors are quantized at all (llama-quant.cpp, {@code tensor_allows_quantization}). */
public final class TensorFilter {
    /** Small, or harmful to touch: norms, routers, positions, convolutions, recurrent mixing, parts of vision and audio models. */
    private static final List<String> KEPT = List.of(
            "_norm.weight",
            "ffn_gate_inp.weight",
            "ffn_gate_tid2eid.weight",
            "altup",
            "laurel",
            "per_layer_model_proj",
            "ssm_conv1d",
            "shortconv.conv.weight",
            "indexer.k_proj.weight",
            "indexer.q_proj.weight",
            "time_mix_first.weight",
            "time_mix_w0.weight",
            "time_mix_w1.weight",
            "time_mix_w2.weight",
            "time_mix_v0.weight",
            "time_mix_v1.weight",
            "time_mix_v2.weight",
            "time_mix_a0.weight",
            "time_mix_a1.weight",
            "time_mix_a2.weight",
            "time_mix_g1.weight",
            "time_mix_g2.weight",
            "time_mix_decay_w1.weight",
            "time_mix_decay_w2.weight",
            "time_mix_lerp_fused.weight",
            "attn_rel_b.weight",
            ".position_embd",
            "sam.pos_embd",
            "sam.neck.",
            "sam.net_",
            ".rel_pos",
            ".patch_embd",
            ".patch_merger",
            "a.rvq.codebook",
            "mm.a.code_embd");

    private TensorFilter() {}

    /** @param leaveOutput whether {@code output.weight} keeps its type */
    public static boolean quantizes(TensorInfo tensor, boolean leaveOutput) {
        String name = tensor.name();
        if (dimensions(tensor) < 2
                // Not endsWith: llama-quantize's test also lets any name of five letters pass, and so must this one.
                || name.lastIndexOf("weight") != name.length() - 6
                || (leaveOutput && name.equals("output.weight"))
                || name.equals("position_embd.weight")
                || name.equals("token_types.weight")) {
            return false;
        }
        for (String part : KEPT) {
            if (name.contains(part)) {
                return false;
            }
        }
        return true;
    }

    /** Dimensions without the trailing ones (ggml.c, {@code ggml_n_dims}). */
    static int dimensions(TensorInfo tensor) {
        long[] shape = tensor.shape();
        int n = shape.length;
        while (n > 1 && shape[n - 1] == 1) {
            n--;
        }
        return n;
    }
}
