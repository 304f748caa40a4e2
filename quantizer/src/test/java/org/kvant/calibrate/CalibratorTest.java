package org.kvant.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.ProgressListener;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.Backend;
import org.kvant.llama.Batch;
import org.kvant.llama.Context;
import org.kvant.llama.ContextOptions;
import org.kvant.llama.Model;
import org.kvant.llama.TinyModel;
import org.kvant.llama.eval.EvalCallback;
import org.kvant.llama.eval.EvalNode;
import org.kvant.llama.eval.EvalTensor;
import org.kvant.quantize.Imatrix;
import org.kvant.quantize.Preset;
import org.kvant.quantize.QuantizeOptions;
import org.kvant.quantize.Quantizer;

/** The statistics are llama-imatrix's where it has them, and what the model's activations give elsewhere. */
class CalibratorTest {
    @TempDir
    Path folder;

    private static float[] floats(GgufFile file, TensorInfo tensor) {
        return file.data(tensor).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
    }

    @Test
    void theDiagonalsAreThoseOfLlamaImatrix() throws IOException {
        Path model = Calibrations.demo(folder);
        Path output = folder.resolve("stats.gguf");
        Calibrations.run(Calibrations.options(model, output));
        try (GgufFile ours = GgufFile.open(output);
                GgufFile theirs = GgufFile.open(Calibrations.resource("demo.imatrix.gguf"))) {
            for (TensorInfo tensor : theirs.tensors()) {
                TensorInfo same = ours.tensor(tensor.name()).orElseThrow();
                assertThat(same.shape()).as(tensor.name()).isEqualTo(tensor.shape());
                float[] expected = floats(theirs, tensor);
                float[] values = floats(ours, same);
                // The file was recorded on a processor whose kernels round activations to bf16, by up to 2^-9, before
                // they multiply bf16 weights; others
                // keep them in f32. Squares differ by twice as much, and deeper layers by some more.
                for (int i = 0; i < expected.length; i++) {
                    assertThat(values[i]).as(tensor.name()).isCloseTo(expected[i], within(1e-2f * expected[i]));
                }
            }
            assertThat(ours.tensors().stream().filter(t -> t.name().endsWith(".in_sum2")))
                    .as("nothing that llama-quantize would not expect")
                    .hasSize(theirs.tensors().size() / 2);
            for (String key : theirs.metadata().keys()) {
                assertThat(ours.metadata().get(key))
                        .as(key)
                        .isEqualTo(theirs.metadata().get(key));
            }
        }
    }

    @Test
    void quantizeTakesTheFileAsAnImportanceMatrix() throws IOException {
        Path model = Calibrations.demo(folder);
        Path stats = folder.resolve("stats.gguf");
        Calibrations.run(Calibrations.options(model, stats).withFull(true, 1 << 30));
        Imatrix imatrix = Imatrix.read(stats);
        assertThat(imatrix.chunks()).isEqualTo(Calibrations.CHUNKS);
        assertThat(imatrix.datasets()).containsExactly("fables.txt");
        assertThat(imatrix.size())
                .isEqualTo(
                        Imatrix.read(Calibrations.resource("demo.imatrix.gguf")).size());
        Path output = folder.resolve("quantized.gguf");
        Quantizer.run(
                QuantizeOptions.builder(model, output, Preset.Q2_K)
                        .imatrix(stats)
                        .build(),
                ProgressListener.NONE);
        try (Statistics statistics = Statistics.open(stats);
                GgufFile source = GgufFile.open(model);
                GgufFile quantized = GgufFile.open(output)) {
            assertThat(statistics.requireModel(source)).as("the very file").isTrue();
            assertThat(statistics.requireModel(quantized))
                    .as("another precision of it")
                    .isFalse();
        }
    }

    static Stream<TinyModel> models() {
        return Stream.of(
                TinyModel.llama(), TinyModel.qwen2(), TinyModel.qwen3(), TinyModel.gemma3(), TinyModel.qwen3moe());
    }

    /** Second moments in double precision from activations that are caught here. */
    private static final class Reference implements EvalCallback {
        final Map<String, double[]> moments = new HashMap<>();
        final Map<String, double[]> sinks = new HashMap<>();

        @Override
        public boolean wants(EvalNode node) {
            return node.op().startsWith("MUL_MAT")
                    && node.source(0).orElseThrow().name().startsWith("blk.");
        }

        @Override
        public boolean computed(EvalNode node) {
            String weight = node.source(0).orElseThrow().name();
            EvalTensor input = node.source(1).orElseThrow();
            int columns = (int) input.dimension(0);
            float[] x = new float[(int) input.elements()];
            input.floats(x);
            if (node.op().equals("MUL_MAT")) {
                for (int t = 0; t < x.length / columns; t++) {
                    add(t == 0 ? sinks : moments, weight + "/0", x, t * columns, columns);
                }
                return true;
            }
            EvalTensor experts = node.source(2).orElseThrow();
            int[] ids = new int[(int) experts.elements()];
            experts.ints(ids);
            int used = (int) experts.dimension(0);
            for (int i = 0; i < ids.length; i++) {
                int row = input.dimension(1) == 1 ? i / used : i;
                add(i < used ? sinks : moments, weight + "/" + ids[i], x, row * columns, columns);
            }
            return true;
        }

        private static void add(Map<String, double[]> to, String key, float[] x, int at, int columns) {
            double[] sum = to.computeIfAbsent(key, k -> new double[columns * columns]);
            for (int i = 0; i < columns; i++) {
                for (int j = 0; j < columns; j++) {
                    sum[i * columns + j] += (double) x[at + i] * x[at + j];
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void fullMomentsAreThoseOfTheActivations(TinyModel tiny) throws IOException {
        Path model = tiny.write(folder.resolve("tiny.gguf"));
        Path output = folder.resolve("stats.gguf");
        Calibrations.run(Calibrations.options(model, output).withFull(true, 1 << 30));
        try (Statistics statistics = Statistics.open(output)) {
            Reference reference = reference(model, statistics.chunks());
            TreeSet<String> weights = new TreeSet<>();
            for (LinearInput input : statistics.inputs()) {
                if (input.kind() == LinearInput.Kind.HEAD) {
                    continue;
                }
                weights.addAll(input.weights());
                for (String weight : input.weights()) {
                    for (int matrix = 0; matrix < input.matrices(); matrix++) {
                        String key = weight + "/" + matrix;
                        double[] none = new double[input.columns() * input.columns()];
                        check(
                                statistics.moment(weight, matrix),
                                reference.moments.getOrDefault(key, none),
                                reference.sinks.getOrDefault(key, none));
                    }
                }
            }
            TreeSet<String> seen = new TreeSet<>();
            reference.moments.keySet().forEach(key -> seen.add(key.substring(0, key.indexOf('/'))));
            assertThat(weights).isEqualTo(seen);
        }
    }

    private static Reference reference(Path file, int[][] chunks) throws IOException {
        Backend.load();
        Reference reference = new Reference();
        try (Model model = Model.load(file);
                Context context = model.newContext(ContextOptions.builder()
                        .contextSize(Calibrations.CHUNK_SIZE)
                        .evalCallback(reference)
                        .build())) {
            for (int[] chunk : chunks) {
                Batch batch = new Batch(chunk.length);
                for (int i = 0; i < chunk.length; i++) {
                    batch.add(chunk[i], i, 0, true);
                }
                context.memory().clear(true);
                context.decode(batch);
            }
        }
        return reference;
    }

    private static void check(Moment moment, double[] body, double[] sink) {
        int columns = moment.columns();
        float[] square = new float[columns * columns];
        for (double weight : new double[] {0, 1, 16}) {
            moment.copyTo(weight, square);
            double scale = 0;
            for (int i = 0; i < columns; i++) {
                scale = Math.max(scale, body[i * columns + i] + weight * sink[i * columns + i]);
            }
            for (int i = 0; i < square.length; i++) {
                assertThat((double) square[i]).isCloseTo(body[i] + weight * sink[i], within(1e-5 * scale + 1e-9));
            }
        }
    }

    @Test
    void layersThatShareAnInputShareItsStatistics() throws IOException {
        Path model = TinyModel.qwen3moe().write(folder.resolve("tiny.gguf"));
        Path output = folder.resolve("stats.gguf");
        Calibrations.run(Calibrations.options(model, output));
        try (Statistics statistics = Statistics.open(output)) {
            assertThat(statistics.inputs().stream().map(LinearInput::weights))
                    .contains(
                            List.of("token_embd.weight"),
                            List.of("blk.1.attn_output.weight"),
                            List.of("blk.1.ffn_gate_inp.weight"),
                            List.of("blk.1.ffn_down_exps.weight"))
                    .anyMatch(weights -> weights.size() == 3
                            && weights.containsAll(
                                    List.of("blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight")))
                    .anyMatch(weights -> weights.size() == 2
                            && weights.containsAll(List.of("blk.0.ffn_up_exps.weight", "blk.0.ffn_gate_exps.weight")));
            float tokens = Calibrations.CHUNKS * Calibrations.CHUNK_SIZE;
            assertThat(statistics.counts("blk.0.attn_q.weight")).containsExactly(tokens);
            assertThat(statistics.sinkCounts("token_embd.weight")).containsExactly((float) Calibrations.CHUNKS);
            float[] experts = statistics.counts("blk.0.ffn_down_exps.weight");
            assertThat(experts).hasSize(TinyModel.EXPERTS);
            float routed = 0;
            for (float expert : experts) {
                routed += expert;
            }
            assertThat(routed).isEqualTo(TinyModel.EXPERTS_USED * tokens);
            assertThat(statistics.full()).isFalse();
            assertThatThrownBy(() -> statistics.moment("blk.0.attn_q.weight", 0))
                    .hasMessageContaining("--full");
        }
    }

    /** The sum of weighted outer products is linear in the weights, and each layer has its own. */
    @Test
    void tokensCanBeWeighedForEachLayer() throws IOException {
        Path model = TinyModel.qwen2().write(folder.resolve("tiny.gguf"));
        Path plain = folder.resolve("plain.gguf");
        Path weighted = folder.resolve("weighted.gguf");
        Calibrations.run(Calibrations.options(model, plain).withFull(true, 1 << 30));
        TokenWeights fours = new TokenWeights() {
            @Override
            public float[] of(String weight, int chunk) {
                float[] all = new float[Calibrations.CHUNK_SIZE];
                Arrays.fill(all, weight.contains("attn_q") ? 4 : 1);
                return all;
            }

            @Override
            public String identity() {
                return "four for queries";
            }
        };
        Calibrations.run(
                Calibrations.options(model, weighted).withFull(true, 1 << 30).withTokenWeights(fours));
        try (Statistics one = Statistics.open(plain);
                Statistics four = Statistics.open(weighted)) {
            for (String weight : List.of("blk.1.attn_q.weight", "blk.1.attn_k.weight")) {
                double factor = weight.contains("attn_q") ? 4 : 1;
                assertThat(four.diagonal(weight)).isEqualTo(one.diagonal(weight));
                assertThat(four.moment(weight, 0).bodyTrace())
                        .isCloseTo(factor * one.moment(weight, 0).bodyTrace(), within(1e-3));
                assertThat(four.moment(weight, 0).sinkTrace())
                        .isCloseTo(factor * one.moment(weight, 0).sinkTrace(), within(1e-3));
            }
        }
    }

    @Test
    void theNumberOfThreadsChangesNothing() throws IOException {
        Path model = TinyModel.llama().write(folder.resolve("tiny.gguf"));
        Path one = folder.resolve("one.gguf");
        Path three = folder.resolve("three.gguf");
        CalibrateOptions options =
                Calibrations.options(model, one).withChunks(2, 64).withFull(true, 1 << 30);
        Calibrations.run(options);
        Calibrations.run(Calibrations.options(model, three)
                .withChunks(2, 64)
                .withFull(true, 1 << 30)
                .withThreads(3));
        assertThat(three).hasSameBinaryContentAs(one);
        assertThat(Files.exists(RunFolder.of(one))).isFalse();
    }
}
