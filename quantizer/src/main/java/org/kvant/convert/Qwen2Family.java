package org.kvant.convert;

import java.util.Optional;

/** Qwen2 and Qwen2.5: Llama's layout with biases on query, key and value, rotated half-split as it stands. */
final class Qwen2Family extends ModelFamily {
    Qwen2Family(ModelConfig config) throws ConvertException {
        super(config);
    }

    @Override
    String ggufName() {
        return "qwen2";
    }

    @Override
    void layer(LayerTensors out) {
        out.norm("input_layernorm", "attn_norm", hidden, 0);
        out.matrix("self_attn.q_proj", "attn_q", heads * headDim, hidden, 0);
        out.matrix("self_attn.k_proj", "attn_k", kvHeads * headDim, hidden, 0);
        out.matrix("self_attn.v_proj", "attn_v", kvHeads * headDim, hidden, 0);
        out.matrix("self_attn.o_proj", "attn_output", hidden, heads * headDim, 0);
        out.bias("self_attn.q_proj", "attn_q", heads * headDim, true, 0);
        out.bias("self_attn.k_proj", "attn_k", kvHeads * headDim, true, 0);
        out.bias("self_attn.v_proj", "attn_v", kvHeads * headDim, true, 0);
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
