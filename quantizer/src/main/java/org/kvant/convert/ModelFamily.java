package org.kvant.convert;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.kvant.convert.SafetensorsFile.SourceTensor;
import org.kvant.gguf.GgmlType;

/**
 * A family of architectures: which tensors a checkpoint of it has, what they are called in GGUF, and which
 * hyper-parameters the file states.
 */
abstract class ModelFamily {
    /** Builds the family for a configuration. */
    @FunctionalInterface
    interface Factory {
        ModelFamily of(ModelConfig config) throws ConvertException;
    }

    /** Bounds far beyond every model, so that a wrong number is an error and not an allocation. */
    static final int MAX_VOCABULARY = 1 << 24;

    private static final int MAX_LAYERS = 4096;
    private static final int MAX_HEAD_DIM = 1 << 16;

    private static final Map<String, Factory> BY_ARCHITECTURE = new TreeMap<>(Map.of(
            "LlamaForCausalLM", LlamaFamily::new,
            "LLaMAForCausalLM", LlamaFamily::new,
            "MistralForCausalLM", LlamaFamily::new,
            "Qwen2ForCausalLM", Qwen2Family::new,
            "Qwen3ForCausalLM", Qwen3Family::new,
            "Gemma3ForCausalLM", Gemma3Family::new,
            "Gemma3ForConditionalGeneration", Gemma3Family::new));

    /**
     * A tensor that a checkpoint of the family has.
     *
     * @param ggufName its name in the converted file
     * @param shape outermost dimension first; checked against the checkpoint
     * @param heads see {@link TensorJob}
     * @param shift see {@link TensorJob}
     */
    record Expected(String ggufName, List<Long> shape, boolean required, int heads, float shift) {}

    final ModelConfig config;
    final RopeParameters rope;
    final int layers;
    final int hidden;
    final int feedForward;
    final int heads;
    final int kvHeads;
    final int headDim;
    final int vocabulary;

    ModelFamily(ModelConfig config) throws ConvertException {
        this.config = config;
        rope = new RopeParameters(config);
        layers = config.size("n_layers", "num_hidden_layers", "n_layer", "num_layers");
        hidden = config.size("hidden_size", "n_embd", "dim");
        feedForward = config.size("intermediate_size", "n_inner", "hidden_dim");
        heads = config.size("num_attention_heads", "n_head", "n_heads");
        kvHeads = config.size("num_key_value_heads", "n_kv_heads");
        headDim = (int) Math.min(config.integer("head_dim").orElse(hidden / heads), Integer.MAX_VALUE);
        vocabulary = config.size("vocab_size");
        if (vocabulary > MAX_VOCABULARY) {
            throw config.error("vocab_size is " + vocabulary + ", more than " + MAX_VOCABULARY);
        }
        if (layers > MAX_LAYERS) {
            throw config.error("num_hidden_layers is " + layers + ", more than " + MAX_LAYERS);
        }
        if (headDim < 2 || headDim > MAX_HEAD_DIM || headDim % 2 != 0) {
            throw config.error("head_dim is " + headDim + ", expected an even number of at most " + MAX_HEAD_DIM);
        }
        if (heads % kvHeads != 0) {
            throw config.error("num_attention_heads " + heads + " is not a multiple of num_key_value_heads " + kvHeads);
        }
    }

    /** The family of the checkpoint's architecture. */
    static ModelFamily of(ModelConfig config) throws ConvertException {
        Factory factory = BY_ARCHITECTURE.get(config.architecture());
        if (factory == null) {
            throw config.error("architecture " + config.architecture() + " is not supported; supported: "
                    + String.join(", ", BY_ARCHITECTURE.keySet()));
        }
        return factory.of(config);
    }

    /** {@code general.architecture}. */
    abstract String ggufName();

    /** The vocabulary, read the way that suits the family. */
    abstract Vocabulary vocabulary(CheckpointFiles files, Optional<String> pre) throws ConvertException;

    /** Adds the tensors of one layer; names without the prefix {@code model.layers.N.} and {@code blk.N.}. */
    abstract void layer(LayerTensors out);

    /** Added to every norm weight of the family. */
    float normShift() {
        return 0;
    }

    /** Tensors that are computed, not read; they come first in the file. */
    List<TensorJob> generated() throws ConvertException {
        return List.of();
    }

    /** A checkpoint may hold more embedding rows than there are tokens. */
    boolean dropsUnusedEmbeddings() {
        return false;
    }

    /** Hyper-parameters beyond the common ones; written after them. */
    void extraParameters(MetadataFields out) throws ConvertException {}

    /** Collects the tensors of one layer. */
    static final class LayerTensors {
        private final Map<String, Expected> all;
        private final int layer;

        LayerTensors(Map<String, Expected> all, int layer) {
            this.all = all;
            this.layer = layer;
        }

        void matrix(String name, String ggufName, int rows, int columns, int heads) {
            put(name + ".weight", ggufName + ".weight", List.of((long) rows, (long) columns), true, heads, 0);
        }

        void bias(String name, String ggufName, int length, boolean required, int heads) {
            put(name + ".bias", ggufName + ".bias", List.of((long) length), required, heads, 0);
        }

        void norm(String name, String ggufName, int length, float shift) {
            put(name + ".weight", ggufName + ".weight", List.of((long) length), true, 0, shift);
        }

        private void put(String name, String gguf, List<Long> shape, boolean required, int heads, float shift) {
            all.put(
                    "model.layers." + layer + "." + name,
                    new Expected("blk." + layer + "." + gguf, shape, required, heads, shift));
        }
    }

    private Map<String, Expected> expected() {
        Map<String, Expected> all = new LinkedHashMap<>();
        List<Long> embedding = List.of((long) vocabulary, (long) hidden);
        all.put("model.embed_tokens.weight", new Expected("token_embd.weight", embedding, true, 0, 0));
        for (int i = 0; i < layers; i++) {
            layer(new LayerTensors(all, i));
        }
        all.put("model.norm.weight", new Expected("output_norm.weight", List.of((long) hidden), true, 0, normShift()));
        boolean tied = config.flag("tie_word_embeddings");
        all.put("lm_head.weight", new Expected("output.weight", embedding, !tied, 0, 0));
        return all;
    }

    /**
     * What becomes of every tensor of the checkpoint, in file order.
     *
     * @throws ConvertException for a tensor that is missing, unexpected, of another shape than config.json says, or of
     *     a type that cannot be converted
     */
    final List<TensorJob> plan(List<SourceTensor> tensors, GgmlType matrixType, int tokens) throws ConvertException {
        Map<String, Expected> missing = expected();
        List<TensorJob> jobs = new ArrayList<>(generated());
        for (SourceTensor tensor : tensors) {
            if (TensorNames.isOther(tensor.name())) {
                continue;
            }
            String name = TensorNames.text(tensor.name());
            Expected expected = missing.remove(name);
            if (expected == null) {
                throw tensor.error("is not part of " + config.architecture() + " with " + layers
                        + " layers; is config.json the one of these weights?");
            }
            jobs.add(job(tensor, expected, matrixType, tokens));
        }
        for (Map.Entry<String, Expected> entry : missing.entrySet()) {
            if (entry.getValue().required) {
                throw config.error("the weights have no tensor " + entry.getKey()
                        + (entry.getKey().equals("lm_head.weight")
                                ? ", though tie_word_embeddings is not true"
                                : "; the checkpoint is incomplete or config.json is not the one of these weights"));
            }
        }
        return jobs;
    }

    private TensorJob job(SourceTensor tensor, Expected expected, GgmlType matrixType, int tokens)
            throws ConvertException {
        List<Long> shape = tensor.shape();
        if (expected.ggufName.equals("token_embd.weight") && shape.size() == 2) {
            boolean enough = dropsUnusedEmbeddings() ? shape.get(0) >= tokens : shape.get(0) == tokens;
            if (!enough || shape.get(1) != hidden) {
                throw tensor.error("has shape " + shape + ", but the vocabulary has " + tokens
                        + " tokens and hidden_size is " + hidden);
            }
            shape = List.of((long) tokens, shape.get(1));
        } else if (!shape.equals(expected.shape)) {
            throw tensor.error("has shape " + shape + ", but config.json makes it " + expected.shape);
        }
        if (!ValueConverter.reads(tensor.dtype())) {
            throw tensor.error("has dtype " + tensor.dtype()
                    + "; F32, F16 and BF16 are converted: take the original, unquantized checkpoint");
        }
        GgmlType type = shape.size() == 1 || expected.ggufName.endsWith("_norm.weight") ? GgmlType.F32 : matrixType;
        return new TensorJob(expected.ggufName, type, shape.reversed(), tensor, null, expected.heads, expected.shift);
    }

    /** Writes the hyper-parameters under {@code <architecture>.}, and the file type. */
    final void parameters(MetadataFields out, OutType outType) throws ConvertException {
        out.u32(out.key("block_count"), layers);
        integer(out, "context_length", "max_position_embeddings", "n_ctx", "n_positions", "max_sequence_length");
        out.u32(out.key("embedding_length"), hidden);
        out.u32(out.key("feed_forward_length"), feedForward);
        out.u32(out.key("attention.head_count"), heads);
        out.u32(out.key("attention.head_count_kv"), kvHeads);
        if (config.find("is_causal") instanceof Json.Bool(var causal) && !causal) {
            out.bool(out.key("attention.causal"), false);
        }
        rope.write(out);
        OptionalDouble epsilon = config.number("rms_norm_eps", "norm_eps");
        if (epsilon.isPresent()) {
            out.f32(out.key("attention.layer_norm_rms_epsilon"), epsilon.getAsDouble());
        }
        OptionalLong statedHeadDim = config.integer("head_dim");
        if (statedHeadDim.isPresent()) {
            out.u32(out.key("attention.key_length"), statedHeadDim.getAsLong());
            out.u32(out.key("attention.value_length"), statedHeadDim.getAsLong());
        }
        out.u32("general.file_type", outType.fileType());
        extraParameters(out);
    }

    private void integer(MetadataFields out, String name, String... keys) throws ConvertException {
        OptionalLong value = config.integer(keys);
        if (value.isPresent()) {
            out.u32(out.key(name), value.getAsLong());
        }
    }
}
