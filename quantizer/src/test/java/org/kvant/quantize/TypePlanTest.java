package org.kvant.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.Metadata;
import org.kvant.gguf.TensorInfo;

class TypePlanTest {

    static List<Path> recorded() throws IOException, URISyntaxException {
        Path folder = Path.of(
                Objects.requireNonNull(TypePlanTest.class.getResource("plans")).toURI());
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @Test
    void everyRecordedShapeIsHere() throws Exception {
        assertThat(recorded()).hasSize(23);
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void choosesTheTypesThatLlamaQuantizeChooses(Path file) throws IOException {
        GoldenPlan golden = GoldenPlan.read(file);
        List<TensorInfo> inFileOrder = new ArrayList<>(golden.tensors());
        inFileOrder.sort(TensorOrder.BY_LAYER);
        for (int run = 0; run < golden.runs().size(); run++) {
            GoldenPlan.Run call = golden.runs().get(run);
            int column = run;
            if (golden.types().stream().anyMatch(types -> types[column] == null)) {
                assertThatThrownBy(() -> call.planner().plan(golden.metadata(), inFileOrder))
                        .as("%s %s", golden.name(), call.text())
                        .isInstanceOf(QuantizeException.class)
                        .hasMessageContaining("do not divide");
                continue;
            }
            Map<String, GgmlType> planned = new HashMap<>();
            for (PlannedTensor tensor : call.planner().plan(golden.metadata(), inFileOrder)) {
                planned.put(tensor.name(), tensor.type());
            }
            List<String> wrong = new ArrayList<>();
            for (int i = 0; i < golden.tensors().size(); i++) {
                String name = golden.tensors().get(i).name();
                GgmlType expected = golden.types().get(i)[run];
                if (planned.get(name) != expected) {
                    wrong.add(name + " is " + planned.get(name) + ", llama-quantize has " + expected);
                }
            }
            assertThat(wrong).as("%s %s", golden.name(), call.text()).isEmpty();
        }
    }

    private static Metadata llama(int layers) {
        return Metadata.builder()
                .putString("general.architecture", "llama")
                .putU32("llama.block_count", layers)
                .putU32("llama.attention.head_count", 8)
                .putU32("llama.expert_count", 4)
                .build();
    }

    private static TensorInfo tensor(String name, long... shape) {
        return new TensorInfo(name, GgmlType.F16, shape, 0, 0);
    }

    private static GoldenPlan.Run run(String text) {
        return GoldenPlan.Run.parse(text);
    }

    @Test
    void tensorsAreOrderedByLayerThenName() {
        List<TensorInfo> tensors = new ArrayList<>(Stream.of(
                        "token_embd.weight",
                        "blk.10.ffn_up.weight",
                        "blk.2.attn_q.weight",
                        "output.weight",
                        "blk.2.attn_k.weight",
                        "blk.x.weight",
                        "blk.0.z")
                .map(name -> tensor(name, 32, 2))
                .toList());
        tensors.sort(TensorOrder.BY_LAYER);
        assertThat(tensors.stream().map(TensorInfo::name))
                .containsExactly(
                        "blk.x.weight",
                        "output.weight",
                        "token_embd.weight",
                        "blk.0.z",
                        "blk.2.attn_k.weight",
                        "blk.2.attn_q.weight",
                        "blk.10.ffn_up.weight");
    }

    @Test
    void expertTensorsOfALayerThatIsNotThereAreRefused() {
        assertThatThrownBy(
                        () -> run("Q4_K_M").planner().plan(llama(2), List.of(tensor("blk.2.ffn_down.weight", 256, 2))))
                .isInstanceOf(QuantizeException.class)
                .hasMessageContaining("blk.2.ffn_down.weight")
                .hasMessageContaining("blk.0. to blk.1.");
    }

    @Test
    void aTypeAskedForByNameIsNotReplacedSilently() {
        for (String text : List.of("--token-embedding-type q6_k Q4_K_M", "--token-embedding-type q8_0 F16")) {
            long columns = text.contains("q6_k") ? 576 : 33;
            assertThatThrownBy(
                            () -> run(text).planner().plan(llama(1), List.of(tensor("token_embd.weight", columns, 2))))
                    .isInstanceOf(QuantizeException.class)
                    .hasMessageContaining("token_embd.weight")
                    .hasMessageContaining("rows of " + columns);
        }
    }

    @Test
    void presetsHaveLlamaQuantizesNamesAndAliases() {
        assertThat(Preset.of("q4_k_m")).contains(Preset.Q4_K_M);
        assertThat(Preset.of("Q4_K")).contains(Preset.Q4_K_M);
        assertThat(Preset.of("q3_k")).contains(Preset.Q3_K_M);
        assertThat(Preset.of("Q5_K")).contains(Preset.Q5_K_M);
        assertThat(Preset.of("Q2_K")).contains(Preset.Q2_K);
        assertThat(Preset.of("iq3_xs")).contains(Preset.IQ3_XS);
        assertThat(Preset.of("MXFP4_MOE")).contains(Preset.MXFP4_MOE);
        assertThat(Preset.of("Q6_K_M")).isEmpty();
        assertThat(Preset.of("")).isEmpty();
    }
}
