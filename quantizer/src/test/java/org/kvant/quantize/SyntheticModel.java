package org.kvant.quantize;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.kvant.codec.Codecs;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufWriter;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorSpec;
import org.kvant.gguf.WriteOptions;

/**
 * Small models of random weights, the same at every call, and importance matrices for them. Recorded digests depend on
 * every detail here: after a change run {@link RecordGolden} again.
 */
record SyntheticModel(
        String name,
        String architecture,
        int layers,
        int width,
        int ffn,
        int heads,
        int kvHeads,
        int experts,
        boolean tied,
        GgmlType type) {

    static final List<SyntheticModel> ALL = List.of(
            new SyntheticModel("dense-256", "llama", 9, 256, 512, 8, 2, 0, false, GgmlType.F16),
            new SyntheticModel("tied-gemma-288", "gemma3", 4, 288, 640, 4, 1, 0, true, GgmlType.BF16),
            new SyntheticModel("experts-256", "qwen3moe", 3, 256, 256, 4, 4, 6, false, GgmlType.F16),
            new SyntheticModel("f32-qwen2-256", "qwen2", 5, 256, 768, 4, 2, 0, true, GgmlType.F32));

    static SyntheticModel of(String name) {
        return ALL.stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow();
    }

    /** The kinds of importance matrix that are recorded: the two formats differ in their reading only, so one model will do. */
    List<String> imatrices() {
        return this == ALL.getFirst() ? List.of("none", "legacy", "gguf") : List.of("none", "gguf");
    }

    private int vocabulary() {
        return 301;
    }

    Metadata metadata() {
        Metadata.Builder all = Metadata.builder()
                .putString("general.architecture", architecture)
                .putU32("general.file_type", 1)
                .putString("general.name", name)
                .putU32(architecture + ".context_length", 128)
                .putU32(architecture + ".embedding_length", width)
                .putU32(architecture + ".block_count", layers)
                .putU32(architecture + ".feed_forward_length", ffn)
                .putU32(architecture + ".attention.head_count", heads)
                .putU32(architecture + ".attention.head_count_kv", kvHeads)
                .putF32(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f);
        if (experts > 0) {
            all.putU32(architecture + ".expert_count", experts)
                    .putU32(architecture + ".expert_used_count", 2)
                    .putU32(architecture + ".expert_feed_forward_length", ffn);
        }
        return all.putStrings("tokenizer.ggml.tokens", List.of("a", "ä", "\n")).build();
    }

    List<TensorSpec> tensors() {
        int rows = width / 4; // fewer than a real model's: neither tool looks at more than the length of a row
        List<TensorSpec> all = new ArrayList<>();
        all.add(new TensorSpec("token_embd.weight", type, new long[] {width, vocabulary()}));
        for (int i = 0; i < layers; i++) {
            String block = "blk." + i + ".";
            all.add(new TensorSpec(block + "attn_norm.weight", GgmlType.F32, new long[] {width}));
            all.add(new TensorSpec(block + "attn_q.weight", type, new long[] {width, rows}));
            all.add(new TensorSpec(block + "attn_k.weight", type, new long[] {width, rows}));
            all.add(new TensorSpec(block + "attn_v.weight", type, new long[] {width, rows}));
            all.add(new TensorSpec(block + "attn_output.weight", type, new long[] {width, rows}));
            if (experts == 0) {
                all.add(new TensorSpec(block + "ffn_gate.weight", type, new long[] {width, rows}));
                all.add(new TensorSpec(block + "ffn_up.weight", type, new long[] {width, rows}));
                all.add(new TensorSpec(block + "ffn_down.weight", type, new long[] {ffn, rows}));
            } else {
                all.add(new TensorSpec(block + "ffn_gate_inp.weight", GgmlType.F32, new long[] {width, experts}));
                all.add(new TensorSpec(block + "ffn_gate_exps.weight", type, new long[] {width, rows, experts}));
                all.add(new TensorSpec(block + "ffn_up_exps.weight", type, new long[] {width, rows, experts}));
                all.add(new TensorSpec(block + "ffn_down_exps.weight", type, new long[] {ffn, rows, experts}));
            }
        }
        all.add(new TensorSpec("output_norm.weight", GgmlType.F32, new long[] {width}));
        if (!tied) {
            all.add(new TensorSpec("output.weight", type, new long[] {width, vocabulary()}));
        }
        return all;
    }

    /** The weights of a tensor: bell-shaped, rows of different size, some outliers, some zeros, a row of zeros. */
    float[] weights(TensorSpec tensor) {
        Random random = new Random(31L * name.hashCode() + tensor.name().hashCode());
        float[] all = new float[(int) tensor.elements()];
        int columns = (int) tensor.shape()[0];
        float scale = 0;
        for (int i = 0; i < all.length; i++) {
            if (i % columns == 0) {
                scale = i / columns == 3 ? 0 : 0.01f + 0.05f * random.nextFloat();
            }
            float value = (float) random.nextGaussian() * scale;
            int kind = random.nextInt(200);
            all[i] = kind == 0 ? 12 * value : kind == 1 ? 0 : value;
        }
        return all;
    }

    Path write(Path file) throws IOException {
        return write(file, WriteOptions.SINGLE).getFirst();
    }

    List<Path> write(Path file, WriteOptions options) throws IOException {
        try (GgufWriter writer = GgufWriter.create(file, metadata(), tensors(), options)) {
            for (TensorSpec tensor : tensors()) {
                MemorySegment bytes = MemorySegment.ofArray(new byte[(int) tensor.bytes()]);
                int columns = (int) tensor.shape()[0];
                Codecs.of(tensor.type())
                        .encode(weights(tensor), 0, bytes, 0, (int) (tensor.elements() / columns), columns, null);
                writer.write(tensor.name(), bytes);
            }
            writer.commit();
            return writer.paths();
        }
    }

    /** Which tensors llama-imatrix would know: matrices that are multiplied with, so not the embeddings. */
    private List<TensorSpec> weighted() {
        return tensors().stream()
                .filter(t -> t.type() == type && !t.name().equals("token_embd.weight"))
                .toList();
    }

    private float[] squares(TensorSpec tensor) {
        Random random = new Random(17L * name.hashCode() + tensor.name().hashCode());
        int matrices = tensor.shape().length > 2 ? (int) tensor.shape()[2] : 1;
        float[] all = new float[(int) tensor.shape()[0] * matrices];
        for (int i = 0; i < all.length; i++) {
            float x = (float) random.nextGaussian();
            all[i] = random.nextInt(50) == 0 ? 40 * x * x : x * x;
        }
        return all;
    }

    /** The old format, {@code calls} as if so many chunks had been read; one tensor is forgotten. */
    Path writeLegacyImatrix(Path file, int calls) throws IOException {
        List<TensorSpec> known = weighted().stream()
                .filter(t -> !t.name().equals("blk.1.attn_q.weight"))
                .toList();
        ByteBuffer out = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(known.size());
        for (TensorSpec tensor : known) {
            byte[] bytes = tensor.name().getBytes(StandardCharsets.UTF_8);
            float[] squares = squares(tensor);
            out.putInt(bytes.length).put(bytes).putInt(calls).putInt(squares.length);
            for (float square : squares) {
                out.putFloat(square * calls);
            }
        }
        byte[] dataset = "text.txt".getBytes(StandardCharsets.UTF_8);
        out.putInt(calls).putInt(dataset.length).put(dataset);
        return Files.write(file, java.util.Arrays.copyOf(out.array(), out.position()));
    }

    /** The GGUF format; the last expert was never chosen. */
    Path writeImatrix(Path file) throws IOException {
        List<TensorSpec> specs = new ArrayList<>();
        for (TensorSpec tensor : weighted()) {
            int matrices = tensor.shape().length > 2 ? (int) tensor.shape()[2] : 1;
            specs.add(
                    new TensorSpec(tensor.name() + ".in_sum2", GgmlType.F32, new long[] {tensor.shape()[0], matrices}));
            specs.add(new TensorSpec(tensor.name() + ".counts", GgmlType.F32, new long[] {1, matrices}));
        }
        Metadata metadata = Metadata.builder()
                .putString("general.type", "imatrix")
                .putStrings("imatrix.datasets", List.of("text.txt", "more.txt"))
                .putU32("imatrix.chunk_count", 7)
                .putU32("imatrix.chunk_size", 512)
                .build();
        try (GgufWriter writer = GgufWriter.create(file, metadata, specs)) {
            for (TensorSpec tensor : weighted()) {
                float[] sums = squares(tensor);
                int matrices = tensor.shape().length > 2 ? (int) tensor.shape()[2] : 1;
                float[] counts = new float[matrices];
                for (int m = 0; m < matrices; m++) {
                    counts[m] = matrices > 1 && m == matrices - 1 ? 0 : 100 + 37 * m;
                }
                int columns = sums.length / matrices;
                for (int i = 0; i < sums.length; i++) {
                    sums[i] *= counts[i / columns];
                }
                writer.write(tensor.name() + ".in_sum2", MemorySegment.ofArray(sums));
                writer.write(tensor.name() + ".counts", MemorySegment.ofArray(counts));
            }
            writer.commit();
        }
        return file;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s (%s)", name, architecture);
    }
}
