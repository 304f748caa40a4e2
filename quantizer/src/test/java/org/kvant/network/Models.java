package org.kvant.network;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.TensorSpec;
import org.kvant.llama.TinyModel;

/** Small models that together use everything the network knows, with random norms and biases. */
enum Models {
    LLAMA(TinyModel::llama),
    LLAMA_BIASES(Models::llamaBiases),
    LLAMA_ROPE(Models::llamaRope),
    LLAMA_EXPERTS(Models::llamaExperts),
    QWEN2(TinyModel::qwen2),
    QWEN2_BIASED_HEAD(() -> TinyModel.qwen2().tensor("output.bias", GgmlType.F32, vocabulary(TinyModel.qwen2()))),
    QWEN3(() -> TinyModel.qwen3(48)),
    QWEN3MOE(TinyModel::qwen3moe),
    GEMMA3(Models::gemma3),
    GEMMA3_GLOBAL(Models::gemma3Global),
    SCALES(Models::scales);

    private final Maker maker;

    @FunctionalInterface
    interface Maker {
        TinyModel make();
    }

    Models(Maker maker) {
        this.maker = maker;
    }

    private static long vocabulary(TinyModel model) {
        return shape(model, "token_embd.weight")[1];
    }

    private static long[] shape(TinyModel model, String name) {
        return model.tensors().stream()
                .filter(t -> t.name().equals(name))
                .findFirst()
                .orElseThrow()
                .shape();
    }

    private static TinyModel llamaBiases() {
        TinyModel model = TinyModel.llama();
        for (TensorSpec spec : model.tensors()) {
            if (spec.name().startsWith("blk.") && spec.shape().length == 2) {
                model.tensor(spec.name().replace("weight", "bias"), GgmlType.F32, spec.shape()[1]);
            }
        }
        return model;
    }

    /** Frequency factors as Llama 3 has them, and linear scaling. */
    private static TinyModel llamaRope() {
        return TinyModel.llama()
                .tensor("rope_freqs.weight", GgmlType.F32, TinyModel.HEAD_DIM / 2)
                .metadata(m -> m.putF32("llama.rope.freq_base", 500f)
                        .putString("llama.rope.scaling.type", "linear")
                        .putF32("llama.rope.scaling.factor", 2f));
    }

    private static TinyModel llamaExperts() {
        TinyModel model = TinyModel.llama();
        for (int i = 0; i < TinyModel.LAYERS; i++) {
            String block = "blk." + i + ".";
            model.tensor(block + "ffn_gate_inp.weight", GgmlType.F32, TinyModel.EMBEDDING, 4);
            for (String name : List.of("ffn_gate", "ffn_up", "ffn_down")) {
                long[] shape = shape(model, block + name + ".weight");
                model.withoutTensor(block + name + ".weight")
                        .tensor(block + name + "_exps.weight", GgmlType.F32, shape[0], shape[1], 4);
            }
        }
        return model.metadata(m -> m.putU32("llama.expert_count", 4).putU32("llama.expert_used_count", 2));
    }

    /** A window shorter than the text, rotation bases that differ, a cap on the logits. */
    private static TinyModel gemma3() {
        return TinyModel.gemma3()
                .metadata(m -> m.putU32("gemma3.attention.sliding_window", 16)
                        .putF32("gemma3.rope.freq_base", 300000f)
                        .putF32("gemma3.rope.scaling.factor", 2f)
                        .putF32("gemma3.final_logit_softcapping", 20f));
    }

    private static TinyModel gemma3Global() {
        return TinyModel.gemma3().metadata(m -> m.putU32("gemma3.attention.sliding_window", 0));
    }

    private static TinyModel scales() {
        TinyModel model = TinyModel.qwen3();
        for (TensorSpec spec : model.tensors()) {
            if (spec.name().startsWith("blk.") && spec.shape().length == 2) {
                model.tensor(spec.name().replace("weight", "scale"), GgmlType.F32, 1);
            }
        }
        return model;
    }

    TinyModel make() {
        return maker.make();
    }

    /** Writes the model with weights that depend on the seed and the tensors' names. */
    Path write(Path file, long seed) throws IOException {
        TinyModel model = make();
        List<TensorSpec> specs = model.tensors();
        try (GgufWriter writer = GgufWriter.create(file, model.metadata(), specs)) {
            for (TensorSpec spec : specs) {
                writer.write(spec.name(), MemorySegment.ofArray(bytes(spec, seed)));
            }
            writer.commit();
        }
        return file;
    }

    private static byte[] bytes(TensorSpec spec, long seed) {
        Random random = new Random(seed * 31 + spec.name().hashCode());
        boolean positive = spec.name().endsWith("norm.weight")
                || spec.name().endsWith(".scale")
                || spec.name().equals("rope_freqs.weight");
        double spread = 1.5 / Math.sqrt(spec.shape()[0]);
        ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(spec.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            double gauss = random.nextGaussian();
            buffer.putFloat((float) (positive ? Math.exp(0.3 * gauss) : Math.max(spread, 0.1) * gauss));
        }
        return buffer.array();
    }
}
