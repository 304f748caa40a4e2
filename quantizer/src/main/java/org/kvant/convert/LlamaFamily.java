package org.kvant.convert;

import java.util.List;
import java.util.Optional;
import org.kvant.gguf.GgmlType;

/** Llama 1 to 3.x and what shares its graph: SmolLM, TinyLlama, Mistral, CodeLlama, Yi, DeepSeek LLM and Coder. */
final class LlamaFamily extends ModelFamily {
    /** Vocabulary sizes by which the reference knows two models; it states more for them. */
    private static final int CODE_LLAMA = 32016;

    private static final int GRANITE_SMALL = 49152;

    LlamaFamily(ModelConfig config) throws ConvertException {
        super(config);
    }

    @Override
    String ggufName() {
        return "llama";
    }

    @Override
    void layer(LayerTensors out) {
        out.norm("input_layernorm", "attn_norm", hidden, 0);
        out.matrix("self_attn.q_proj", "attn_q", heads * headDim, hidden, heads);
        out.matrix("self_attn.k_proj", "attn_k", kvHeads * headDim, hidden, kvHeads);
        out.matrix("self_attn.v_proj", "attn_v", kvHeads * headDim, hidden, 0);
        out.matrix("self_attn.o_proj", "attn_output", hidden, heads * headDim, 0);
        out.bias("self_attn.q_proj", "attn_q", heads * headDim, false, heads);
        out.bias("self_attn.k_proj", "attn_k", kvHeads * headDim, false, kvHeads);
        out.bias("self_attn.v_proj", "attn_v", kvHeads * headDim, false, 0);
        out.bias("self_attn.o_proj", "attn_output", hidden, false, 0);
        out.norm("post_attention_layernorm", "ffn_norm", hidden, 0);
        out.matrix("mlp.gate_proj", "ffn_gate", feedForward, hidden, 0);
        out.matrix("mlp.up_proj", "ffn_up", feedForward, hidden, 0);
        out.matrix("mlp.down_proj", "ffn_down", hidden, feedForward, 0);
        out.bias("mlp.gate_proj", "ffn_gate", feedForward, false, 0);
        out.bias("mlp.up_proj", "ffn_up", feedForward, false, 0);
        out.bias("mlp.down_proj", "ffn_down", hidden, false, 0);
    }

    @Override
    List<TensorJob> generated() throws ConvertException {
        Optional<float[]> factors = rope.llama3Factors(headDim);
        if (factors.isEmpty()) {
            return List.of();
        }
        List<Long> shape = List.of((long) factors.get().length);
        return List.of(new TensorJob("rope_freqs.weight", GgmlType.F32, shape, null, factors.get(), 0, 0));
    }

    @Override
    void extraParameters(MetadataFields out) throws ConvertException {
        out.u32(out.key("vocab_size"), vocabulary);
        out.u32(out.key("rope.dimension_count"), headDim);
    }

    @Override
    Vocabulary vocabulary(CheckpointFiles files, Optional<String> pre) throws ConvertException {
        Vocabulary read = Vocabularies.read(files, config, vocabulary, pre);
        // tokenizer_config.json's word comes before the vocabulary in the file.
        Optional<Boolean> prefix = files.json("tokenizer_config.json")
                .flatMap(t -> t.get("add_prefix_space"))
                .map(Json::isTrue);
        return new Vocabulary(read.tokens(), out -> {
            if (prefix.isPresent()) {
                out.bool("tokenizer.ggml.add_space_prefix", prefix.get());
            }
            read.write(out);
            if (vocabulary == CODE_LLAMA) {
                out.u32("tokenizer.ggml.eot_token_id", 32010);
            }
            if (vocabulary == GRANITE_SMALL) {
                out.bool("tokenizer.ggml.add_bos_token", false);
            }
        });
    }
}
