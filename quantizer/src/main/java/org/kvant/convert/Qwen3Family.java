package org.kvant.convert;

import java.util.Optional;

/** Qwen3, dense: no biases, a norm on every query and key head, a head size of its own. */
final class Qwen3Family extends ModelFamily {
    Qwen3Family(ModelConfig config) throws ConvertException {
        super(config);
    }

    @Override
    String ggufName() {
        return "qwen3";
    }

    @Override
    void layer(LayerTensors out) {
        out.norm("input_layernorm", "attn_norm", hidden, 0);
        out.matrix("self_attn.q_proj", "attn_q", heads * headDim, hidden, 0);
        out.matrix("self_attn.k_proj", "attn_k", kvHeads * headDim, hidden, 0);
        out.matrix("self_attn.v_proj", "attn_v", kvHeads * headDim, hidden, 0);
        out.matrix("self_attn.o_proj", "attn_output", hidden, heads * headDim, 0);
        out.norm("self_attn.q_norm", "attn_q_norm", headDim, 0);
        out.norm("self_attn.k_norm", "attn_k_norm", headDim, 0);
        out.norm("post_attention_layernorm", "ffn_norm", hidden, 0);
        out.matrix("mlp.gate_proj", "ffn_gate", feedForward, hidden, 0);
        out.matrix("mlp.up_proj", "ffn_up", feedForward, hidden, 0);
        out.matrix("mlp.down_proj", "ffn_down", hidden, feedForward, 0);
    }

    @Override
    Vocabulary vocabulary(CheckpointFiles files, Optional<String> pre) throws ConvertException {
        return Vocabularies.read(files, config, vocabulary, pre);
    }
}
