package org.kvant.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.linalg.Workers;
import org.kvant.llama.TinyModel;

/** What a network says of itself and what it refuses. */
class NetworkTest {
    @TempDir
    private Path folder;

    private Network of(TinyModel model) throws IOException {
        try (GgufFile file = GgufFile.open(model.write(folder.resolve("model.gguf")))) {
            return Network.of(file.metadata(), file.tensors());
        }
    }

    @Test
    void matricesShareInputs() throws IOException {
        Network network = of(TinyModel.qwen3moe());
        assertThat(network.layers()).isEqualTo(TinyModel.LAYERS);
        assertThat(network.width()).isEqualTo(TinyModel.EMBEDDING);
        assertThat(network.tied()).isTrue();
        List<Linear> linears = network.linears(1);
        assertThat(linears).hasSize(8).allMatch(linear -> linear.tensor().startsWith("blk.1."));
        assertThat(linears.subList(0, 3)).allMatch(l -> l.input().equals("blk.1.attn_norm"));
        assertThat(linears.subList(4, 7)).allMatch(l -> l.input().equals("blk.1.ffn_norm"));
        assertThat(linears.get(7))
                .isEqualTo(new Linear(
                        "blk.1.ffn_down_exps.weight",
                        "blk.1.ffn_hidden",
                        Linear.Role.DOWN,
                        1,
                        TinyModel.EMBEDDING,
                        TinyModel.FEED_FORWARD,
                        TinyModel.EXPERTS));
        assertThat(of(TinyModel.llama()).tied()).isFalse();
    }

    @Test
    void whatIsNotSupportedIsNamed() {
        refused(TinyModel.llama().metadata(m -> m.putString("general.architecture", "mamba")), "mamba", "qwen3moe");
        refused(
                TinyModel.qwen3().metadata(m -> m.putString("qwen3.rope.scaling.type", "yarn")),
                "rope.scaling.type is 'yarn'",
                "supported are linear");
        refused(TinyModel.qwen2().withoutTensor("blk.1.ffn_up.weight"), "'blk.1.ffn_up.weight' is missing");
        refused(TinyModel.qwen2().tensor("blk.0.other.weight", GgmlType.F32, 64), "blk.0.other.weight");
        refused(TinyModel.qwen3().tensor("rope_freqs.weight", GgmlType.F32, 16), "rope_freqs.weight");
        refused(TinyModel.qwen2().tensor("blk.0.attn_q.weight", GgmlType.F32, 64, 32), "should have shape [64, 64]");
        refused(TinyModel.llama().tensor("blk.0.attn_qkv.weight", GgmlType.F32, 64, 128), "attn_qkv");
        refused(TinyModel.qwen3().metadata(m -> m.putU32("qwen3.attention.value_length", 16)), "value_length is 16");
        refused(TinyModel.llama().metadata(m -> m.putU32("llama.attention.head_count_kv", 3)), "3 key-value heads");
    }

    private void refused(TinyModel model, String... says) {
        assertThatThrownBy(() -> of(model)).isInstanceOf(NetworkException.class).hasMessageContainingAll(says);
    }

    @Test
    void wrongTokensAndStatesAreRefused() throws IOException {
        Path file = TinyModel.llama().write(folder.resolve("model.gguf"));
        try (GgufFile gguf = GgufFile.open(file)) {
            Network network = Network.of(gguf.metadata(), gguf.tensors());
            NetworkRunner runner = new NetworkRunner(network, Workers.single());
            WeightSource weights = new GgufWeights(gguf, Workers.single());
            assertThatThrownBy(() -> runner.embed(new int[][] {{1, network.vocabulary()}}, weights))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not in the vocabulary");
            assertThatThrownBy(() -> runner.embed(new int[][] {{1}, {}}, weights))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("chunk 1 is empty");
            HiddenStates narrow = HiddenStates.inHeap(new int[] {3}, network.width() - 1);
            assertThatThrownBy(() -> runner.forward(0, weights, narrow, null))
                    .isInstanceOf(IllegalArgumentException.class);
            HiddenStates states = runner.embed(new int[][] {{1, 2}}, weights);
            WeightSource wrong = weights.with(Map.of("blk.0.attn_q.weight", new float[5]));
            assertThatThrownBy(() -> runner.forward(0, wrong, states, null))
                    .isInstanceOf(NetworkException.class)
                    .hasMessageContaining("'blk.0.attn_q.weight' came with 5 values");
        }
    }

    @Test
    void statesInAFileAndReplacedWeightsGiveTheSame() throws IOException {
        Path file = Models.GEMMA3.write(folder.resolve("model.gguf"), 3);
        int[][] chunks = {{5, 6, 7}, {8}, new Random(1).ints(1500, 0, 250).toArray()};
        try (GgufFile gguf = GgufFile.open(file);
                Workers workers = new Workers(3)) {
            Network network = Network.of(gguf.metadata(), gguf.tensors());
            WeightSource weights = new GgufWeights(gguf, workers);
            NetworkRunner threaded = new NetworkRunner(network, workers);
            NetworkRunner single = new NetworkRunner(network, Workers.single());
            Map<String, float[]> replaced = Map.of("blk.0.ffn_up.weight", weights.values("blk.0.ffn_up.weight"));
            HiddenStates inHeap = threaded.embed(chunks, weights);
            List<Integer> seen = new ArrayList<>();
            try (HiddenStates inFile = HiddenStates.inFile(NetworkRunner.lengths(chunks), network.width(), folder)) {
                single.embed(chunks, weights, inFile);
                threaded.forward(0, weights, inHeap, (linear, expert, rows, x, g) -> {
                    if (linear.role() == Linear.Role.UP) {
                        for (int i = 0; i < rows.count(); i++) {
                            seen.add(10_000 * rows.chunk()[i] + rows.position()[i]);
                        }
                    }
                });
                single.forward(0, weights.with(replaced), inFile, null);
                float[] a = new float[(int) inHeap.tokens() * network.width()];
                float[] b = new float[a.length];
                inHeap.read(0, 0, (int) inHeap.tokens(), a, 0);
                inFile.read(0, 0, (int) inFile.tokens(), b, 0);
                assertThat(b).isEqualTo(a);
            }
            assertThat(seen).hasSize(1504).doesNotHaveDuplicates().isSorted();
            try (var files = Files.list(folder)) {
                assertThat(files).containsExactly(file);
            }
        }
    }
}
