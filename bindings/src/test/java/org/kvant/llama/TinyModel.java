package org.kvant.llama;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorSpec;

/**
 * A model of two layers with random weights, small enough to be written and run in a moment: what it says is nonsense, how
 * it is computed is real. Weights depend on the tensors' names only, so two models made alike are equal.
 */
public final class TinyModel {
    public static final int EMBEDDING = 64;
    public static final int LAYERS = 2;
    public static final int HEADS = 2;
    public static final int KV_HEADS = 1;
    public static final int HEAD_DIM = 32;
    public static final int FEED_FORWARD = 96;
    public static final int TRAIN_CONTEXT = 2048;

    /** Recognised by llama.cpp as ChatML. */
    public static final String CHAT_TEMPLATE =
            "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' +"
                    + " message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
                    + "{{ '<|im_start|>assistant\n' }}{% endif %}";

    /** Of {@link #qwen3moe}. */
    public static final int EXPERTS = 4;

    /** Of {@link #qwen3moe}: how many see each token. */
    public static final int EXPERTS_USED = 2;

    private final String architecture;
    private final int headDim;
    private final Metadata.Builder metadata = Metadata.builder();
    private final Map<String, TensorSpec> tensors = new LinkedHashMap<>();
    private int vocabulary;

    private TinyModel(String architecture, int headDim) {
        this.architecture = architecture;
        this.headDim = headDim;
    }

    /** Architecture llama with a byte-level BPE vocabulary. */
    public static TinyModel llama() {
        TinyModel model = new TinyModel("llama", HEAD_DIM);
        model.parameters();
        model.metadata.putU32("llama.rope.dimension_count", HEAD_DIM);
        TinyVocabulary.bpe(model.metadata);
        model.vocabulary = TinyVocabulary.BPE_SIZE;
        model.commonTensors();
        model.tensor("output.weight", GgmlType.F32, EMBEDDING, model.vocabulary);
        return model;
    }

    /** Architecture qwen2: like llama with biases and tied embeddings. */
    public static TinyModel qwen2() {
        TinyModel model = new TinyModel("qwen2", HEAD_DIM);
        model.parameters();
        TinyVocabulary.bpe(model.metadata);
        model.vocabulary = TinyVocabulary.BPE_SIZE;
        model.commonTensors();
        for (int i = 0; i < LAYERS; i++) {
            model.tensor("blk." + i + ".attn_q.bias", GgmlType.F32, HEADS * HEAD_DIM);
            model.tensor("blk." + i + ".attn_k.bias", GgmlType.F32, KV_HEADS * HEAD_DIM);
            model.tensor("blk." + i + ".attn_v.bias", GgmlType.F32, KV_HEADS * HEAD_DIM);
        }
        return model;
    }

    /** Architecture qwen3: normed queries and keys, tied embeddings. */
    public static TinyModel qwen3() {
        return qwen3(HEAD_DIM);
    }

    /** The same with heads of another length. */
    public static TinyModel qwen3(int headDim) {
        TinyModel model = new TinyModel("qwen3", headDim);
        model.parameters();
        model.headLengths();
        TinyVocabulary.bpe(model.metadata);
        model.vocabulary = TinyVocabulary.BPE_SIZE;
        model.commonTensors();
        model.headNorms();
        return model;
    }

    /** Architecture qwen3moe: like qwen3 with {@link #EXPERTS} experts instead of each feed-forward network. */
    public static TinyModel qwen3moe() {
        TinyModel model = new TinyModel("qwen3moe", HEAD_DIM);
        model.parameters();
        model.headLengths();
        model.metadata.putU32("qwen3moe.expert_count", EXPERTS);
        model.metadata.putU32("qwen3moe.expert_used_count", EXPERTS_USED);
        model.metadata.putU32("qwen3moe.expert_feed_forward_length", FEED_FORWARD);
        TinyVocabulary.bpe(model.metadata);
        model.vocabulary = TinyVocabulary.BPE_SIZE;
        model.commonTensors();
        model.headNorms();
        for (int i = 0; i < LAYERS; i++) {
            String block = "blk." + i + ".";
            for (String dense : new String[] {"ffn_gate", "ffn_up", "ffn_down"}) {
                model.withoutTensor(block + dense + ".weight");
            }
            model.tensor(block + "ffn_gate_inp.weight", GgmlType.F32, EMBEDDING, EXPERTS);
            model.tensor(block + "ffn_gate_exps.weight", GgmlType.F32, EMBEDDING, FEED_FORWARD, EXPERTS);
            model.tensor(block + "ffn_up_exps.weight", GgmlType.F32, EMBEDDING, FEED_FORWARD, EXPERTS);
            model.tensor(block + "ffn_down_exps.weight", GgmlType.F32, FEED_FORWARD, EMBEDDING, EXPERTS);
        }
        return model;
    }

    /** Architecture gemma3: a sliding window in the first layer, a SentencePiece vocabulary, tied embeddings. */
    public static TinyModel gemma3() {
        TinyModel model = new TinyModel("gemma3", HEAD_DIM);
        model.parameters();
        model.headLengths();
        model.metadata.putU32("gemma3.attention.sliding_window", 256);
        model.metadata.putU32("gemma3.attention.sliding_window_pattern", 2);
        TinyVocabulary.sentencePiece(model.metadata);
        model.vocabulary = TinyVocabulary.SENTENCE_PIECE_SIZE;
        model.commonTensors();
        model.headNorms();
        for (int i = 0; i < LAYERS; i++) {
            model.tensor("blk." + i + ".post_attention_norm.weight", GgmlType.F32, EMBEDDING);
            model.tensor("blk." + i + ".post_ffw_norm.weight", GgmlType.F32, EMBEDDING);
        }
        return model;
    }

    private void parameters() {
        String arch = architecture + ".";
        metadata.putString("general.architecture", architecture);
        metadata.putString("general.name", "tiny " + architecture);
        metadata.putU32(arch + "block_count", LAYERS);
        metadata.putU32(arch + "context_length", TRAIN_CONTEXT);
        metadata.putU32(arch + "embedding_length", EMBEDDING);
        metadata.putU32(arch + "feed_forward_length", FEED_FORWARD);
        metadata.putU32(arch + "attention.head_count", HEADS);
        metadata.putU32(arch + "attention.head_count_kv", KV_HEADS);
        metadata.putF32(arch + "attention.layer_norm_rms_epsilon", 1e-5f);
        metadata.putF32(arch + "rope.freq_base", 10000f);
    }

    private void headLengths() {
        metadata.putU32(architecture + ".attention.key_length", headDim);
        metadata.putU32(architecture + ".attention.value_length", headDim);
    }

    private void headNorms() {
        for (int i = 0; i < LAYERS; i++) {
            tensor("blk." + i + ".attn_q_norm.weight", GgmlType.F32, headDim);
            tensor("blk." + i + ".attn_k_norm.weight", GgmlType.F32, headDim);
        }
    }

    private void commonTensors() {
        tensor("token_embd.weight", GgmlType.F32, EMBEDDING, vocabulary);
        tensor("output_norm.weight", GgmlType.F32, EMBEDDING);
        for (int i = 0; i < LAYERS; i++) {
            String block = "blk." + i + ".";
            tensor(block + "attn_norm.weight", GgmlType.F32, EMBEDDING);
            tensor(block + "attn_q.weight", GgmlType.F32, EMBEDDING, HEADS * headDim);
            tensor(block + "attn_k.weight", GgmlType.F32, EMBEDDING, KV_HEADS * headDim);
            tensor(block + "attn_v.weight", GgmlType.F32, EMBEDDING, KV_HEADS * headDim);
            tensor(block + "attn_output.weight", GgmlType.F32, HEADS * headDim, EMBEDDING);
            tensor(block + "ffn_norm.weight", GgmlType.F32, EMBEDDING);
            tensor(block + "ffn_gate.weight", GgmlType.F32, EMBEDDING, FEED_FORWARD);
            tensor(block + "ffn_up.weight", GgmlType.F32, EMBEDDING, FEED_FORWARD);
            tensor(block + "ffn_down.weight", GgmlType.F32, FEED_FORWARD, EMBEDDING);
        }
    }

    /** Adds a tensor or replaces it in its place. */
    public TinyModel tensor(String name, GgmlType type, long... shape) {
        tensors.put(name, new TensorSpec(name, type, shape));
        return this;
    }

    public TinyModel withoutTensor(String name) {
        tensors.remove(name);
        return this;
    }

    /** Changes the metadata. */
    public TinyModel metadata(Consumer<Metadata.Builder> change) {
        change.accept(metadata);
        return this;
    }

    public String architecture() {
        return architecture;
    }

    public Metadata metadata() {
        return metadata.build();
    }

    public List<TensorSpec> tensors() {
        return new ArrayList<>(tensors.values());
    }

    /** Writes the model; returns the file. */
    public Path write(Path file) throws IOException {
        List<TensorSpec> specs = tensors();
        try (GgufWriter writer = GgufWriter.create(file, metadata(), specs)) {
            for (TensorSpec spec : specs) {
                writer.write(spec.name(), MemorySegment.ofArray(bytes(spec)));
            }
            writer.commit();
        }
        return file;
    }

    private static byte[] bytes(TensorSpec spec) {
        byte[] bytes = new byte[Math.toIntExact(spec.bytes())];
        if (spec.type() != GgmlType.F32) {
            return bytes; // zeros are zeros in every type
        }
        Random random = new Random(spec.name().hashCode());
        boolean norm = spec.name().endsWith("norm.weight");
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            buffer.putFloat(norm ? 1f : (float) (0.3 * random.nextGaussian()));
        }
        return bytes;
    }

    /** Bytes of all tensors. */
    public long weightBytes() {
        return tensors().stream().mapToLong(TensorSpec::bytes).sum();
    }
}
