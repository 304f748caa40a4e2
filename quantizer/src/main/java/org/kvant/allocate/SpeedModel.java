package org.kvant.allocate;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorSpec;

/** A model of one layer whose feed-forward network has a type and size to be timed, around the smallest of everything else. */
final class SpeedModel {
    static final int WIDTH = 1024;
    static final int TOKENS = 259;
    static final int CONTEXT = 256;
    private static final int HEADS = 16;

    private SpeedModel() {}

    /** Weights of the feed-forward network. */
    static long weights(int hidden) {
        return 3L * WIDTH * hidden;
    }

    /** @param hidden width of the feed-forward network, a multiple of 256 */
    static void write(Path file, GgmlType type, int hidden) throws IOException {
        List<TensorSpec> tensors = new ArrayList<>();
        tensors.add(spec("token_embd", GgmlType.F32, WIDTH, TOKENS));
        tensors.add(spec("output_norm", GgmlType.F32, WIDTH));
        tensors.add(spec("blk.0.attn_norm", GgmlType.F32, WIDTH));
        tensors.add(spec("blk.0.attn_q", GgmlType.F16, WIDTH, WIDTH));
        tensors.add(spec("blk.0.attn_k", GgmlType.F16, WIDTH, WIDTH / HEADS));
        tensors.add(spec("blk.0.attn_v", GgmlType.F16, WIDTH, WIDTH / HEADS));
        tensors.add(spec("blk.0.attn_output", GgmlType.F16, WIDTH, WIDTH));
        tensors.add(spec("blk.0.ffn_norm", GgmlType.F32, WIDTH));
        tensors.add(spec("blk.0.ffn_gate", type, WIDTH, hidden));
        tensors.add(spec("blk.0.ffn_up", type, WIDTH, hidden));
        tensors.add(spec("blk.0.ffn_down", type, hidden, WIDTH));
        try (GgufWriter writer = GgufWriter.create(file, metadata(hidden), tensors)) {
            for (TensorSpec tensor : tensors) {
                writer.begin(tensor.name());
                MemorySegment row = row(tensor);
                for (long done = 0; done < tensor.bytes(); done += row.byteSize()) {
                    writer.append(row);
                }
            }
            writer.commit();
        }
    }

    private static TensorSpec spec(String name, GgmlType type, long... shape) {
        return new TensorSpec(name + ".weight", type, shape);
    }

    /** One row of noise, which all rows are copies of: the time does not depend on what is in them. */
    private static MemorySegment row(TensorSpec tensor) {
        int columns = Math.toIntExact(tensor.shape()[0]);
        SplittableRandom random = new SplittableRandom(columns);
        float[] values = new float[columns];
        for (int i = 0; i < columns; i++) {
            values[i] = (float) random.nextDouble(-0.03, 0.03);
        }
        MemorySegment row =
                MemorySegment.ofArray(new byte[Math.toIntExact(tensor.type().bytes(columns))]);
        Codecs.of(tensor.type()).encode(values, 0, row, 0, 1, columns, SampledRows.even(columns));
        return row;
    }

    private static Metadata metadata(int hidden) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        int[] types = new int[TOKENS];
        java.util.Arrays.fill(types, 6);
        types[0] = 2;
        types[1] = 3;
        types[2] = 3;
        for (int b = 0; b < 256; b++) {
            tokens.add(String.format(java.util.Locale.ROOT, "<0x%02X>", b));
        }
        return Metadata.builder()
                .putString("general.architecture", "llama")
                .putU32("llama.block_count", 1)
                .putU32("llama.context_length", CONTEXT)
                .putU32("llama.embedding_length", WIDTH)
                .putU32("llama.feed_forward_length", hidden)
                .putU32("llama.attention.head_count", HEADS)
                .putU32("llama.attention.head_count_kv", 1)
                .putF32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .putU32("llama.rope.dimension_count", WIDTH / HEADS)
                .putString("tokenizer.ggml.model", "llama")
                .putStrings("tokenizer.ggml.tokens", tokens)
                .putF32s("tokenizer.ggml.scores", new float[TOKENS])
                .putI32s("tokenizer.ggml.token_type", types)
                .putU32("tokenizer.ggml.bos_token_id", 1)
                .putU32("tokenizer.ggml.eos_token_id", 2)
                .build();
    }
}
