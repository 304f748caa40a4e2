package org.kvant.convert;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Gemma 3, text: four norms a layer whose stored weight w stands for 1 + w, norms on query and key heads, and sliding
 * windows with a rotary base of their own. Of a multimodal checkpoint the language model is taken.
 */
final class Gemma3Family extends ModelFamily {
    Gemma3Family(ModelConfig config) throws ConvertException {
        super(config);
        if (config.number("attn_logit_softcapping").isPresent()) {
            throw config.error("attn_logit_softcapping is set, which Gemma 3 does not have; is this a Gemma 2?");
        }
    }

    @Override
    String ggufName() {
        return "gemma3";
    }

    @Override
    float normShift() {
        return 1;
    }

    @Override
    boolean dropsUnusedEmbeddings() {
        return true;
    }

    @Override
    void layer(LayerTensors out) {
        out.norm("input_layernorm", "attn_norm", hidden, normShift());
        out.matrix("self_attn.q_proj", "attn_q", heads * headDim, hidden, 0);
        out.matrix("self_attn.k_proj", "attn_k", kvHeads * headDim, hidden, 0);
        out.matrix("self_attn.v_proj", "attn_v", kvHeads * headDim, hidden, 0);
        out.matrix("self_attn.o_proj", "attn_output", hidden, heads * headDim, 0);
        out.norm("self_attn.q_norm", "attn_q_norm", headDim, normShift());
        out.norm("self_attn.k_norm", "attn_k_norm", headDim, normShift());
        out.norm("post_attention_layernorm", "post_attention_norm", hidden, normShift());
        out.norm("pre_feedforward_layernorm", "ffn_norm", hidden, normShift());
        out.matrix("mlp.gate_proj", "ffn_gate", feedForward, hidden, 0);
        out.matrix("mlp.up_proj", "ffn_up", feedForward, hidden, 0);
        out.matrix("mlp.down_proj", "ffn_down", hidden, feedForward, 0);
        out.norm("post_feedforward_layernorm", "post_ffw_norm", hidden, normShift());
    }

    @Override
    void extraParameters(MetadataFields out) throws ConvertException {
        out.f32(out.key("rope.freq_base"), rope.theta(1e6));
        out.u32(out.key("attention.key_length"), headDim);
        out.u32(out.key("attention.value_length"), headDim);
        OptionalDouble cap = config.number("final_logit_softcapping");
        if (cap.isPresent() && cap.getAsDouble() != 0) {
            out.f32(out.key("final_logit_softcapping"), cap.getAsDouble());
        }
        if (config.integer("sliding_window_pattern").orElse(0) != 1) {
            out.u32(out.key("attention.sliding_window"), config.size("sliding_window"));
        }
    }

    @Override
    Vocabulary vocabulary(CheckpointFiles files, Optional<String> pre) throws ConvertException {
        Vocabulary read = Vocabularies.read(files, config, vocabulary, pre);
        return new Vocabulary(read.tokens(), out -> {
            read.write(out);
            out.bool("tokenizer.ggml.add_space_prefix", false);
        });
    }
}
