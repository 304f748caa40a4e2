package org.kvant.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgmlType;
import org.kvant.quantize.Activations;
import org.kvant.quantize.Preset;

class RecipeYamlTest {
    @TempDir
    Path folder;

    private Recipe read(String yaml) throws IOException {
        return RecipeYaml.read(Files.writeString(folder.resolve("recipe.yaml"), yaml));
    }

    @Test
    void readsWhatItWrites() throws IOException {
        Recipe recipe = read("""
                size: 60MiB
                min-speed: 0.9
                types: [Q4_K, q6_K]
                tensors:
                  - {match: attn_v, type: q8_0}
                activations: quantized
                rounding: {sweeps: 1, feedback: false, order: natural}
                statistics: stats.gguf
                """);
        assertThat(recipe.budget()).isEqualTo(new Budget(60L << 20, null, null, 0.9));
        assertThat(recipe.candidates()).containsExactly(GgmlType.Q4_K, GgmlType.Q6_K);
        assertThat(recipe.rules().getFirst().fits("blk.3.attn_v.weight")).isTrue();
        assertThat(recipe.rounding().sweeps()).isEqualTo(1);
        assertThat(recipe.rounding().feedback()).isFalse();
        assertThat(recipe.statistics()).isEqualTo(folder.resolve("stats.gguf").toString());
        assertThat(recipe.activations()).isEqualTo(Activations.QUANTIZED);
        Recipe again = read(RecipeYaml.write(recipe));
        assertThat(RecipeYaml.write(again)).isEqualTo(RecipeYaml.write(recipe));
        assertThat(again.rounding()).isEqualTo(recipe.rounding());
        assertThat(again.activations()).isEqualTo(Activations.QUANTIZED);
        assertThat(read("bpw: 4").activations()).isEqualTo(Activations.MODEL);
        assertThat(RecipeYaml.write(read("bpw: 4"))).doesNotContain("activations");
        assertThat(read("preset: Q4_K_M").preset()).isEqualTo(Preset.Q4_K_M);
    }

    @Test
    void namesWhatIsWrong() {
        for (List<String> wrong : List.of(
                List.of("siz: 3", "siz"),
                List.of("size: many", "many"),
                List.of("bpw: -1", "bits per weight"),
                List.of("bpw: x", "bpw"),
                List.of("preset: Q9", "Q9"),
                List.of("types: [Q9]", "Q9"),
                List.of("tensors: [{match: a}]", "tensors[0]"),
                List.of("tensors: [{match: '(', type: q8_0}]", "("),
                List.of("rounding: {sweeps: -1}", "sweeps"),
                List.of("activations: own", "QUANTIZED"),
                List.of("size: 3\nbpw: 4", "exclude"),
                List.of("preset: Q4_0\nbpw: 4", "exclude"),
                List.of("- a", "map"),
                List.of("a: [", "YAML"))) {
            assertThatThrownBy(() -> read(wrong.getFirst()))
                    .as(wrong.getFirst())
                    .isInstanceOf(AllocateException.class)
                    .hasMessageContaining("recipe.yaml")
                    .hasMessageContaining(wrong.getLast());
        }
    }
}
