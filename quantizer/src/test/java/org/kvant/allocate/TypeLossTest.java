package org.kvant.allocate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvant.gguf.GgmlType;
import org.kvant.gguf.GgufFile;
import org.kvant.gguf.TensorInfo;
import org.kvant.llama.TinyModel;
import org.kvant.round.RoundingOptions;

/** Stacked experts, of which a short calibration sends tokens to some only. */
class TypeLossTest {
    private static final String EXPERTS = "blk.0.ffn_gate_exps.weight";

    @TempDir
    Path folder;

    /** Independent inputs, for some experts none. */
    private record Inputs(Set<Integer> unseen) implements Curvature {
        @Override
        public float[] moment(TensorInfo tensor, int matrix) {
            int n = (int) tensor.columns();
            float[] moment = new float[n * n];
            for (int i = 0; i < n && !unseen.contains(matrix); i++) {
                moment[i * n + i] = 1;
            }
            return moment;
        }

        @Override
        public float @Nullable [] heldOut(TensorInfo tensor, int matrix) {
            return null;
        }

        @Override
        public float @Nullable [] diagonal(TensorInfo tensor, int matrix) {
            return null;
        }

        @Override
        public boolean divergence() {
            return true;
        }

        @Override
        public String identity() {
            return "inputs";
        }
    }

    private TypeLoss.Measured measured(Set<Integer> unseen) throws IOException {
        try (GgufFile model = GgufFile.open(TinyModel.qwen3moe().write(folder.resolve("moe.gguf")))) {
            TypeLoss losses = new TypeLoss(model, new Inputs(unseen), 16, 4, RoundingOptions.DEFAULT.withSweeps(0));
            return losses.of(model.tensor(EXPERTS).orElseThrow(), List.of(GgmlType.Q4_0, GgmlType.Q8_0));
        }
    }

    private static double loss(TypeLoss.Measured measured) {
        return Objects.requireNonNull(measured.losses().get(GgmlType.Q4_0));
    }

    @Test
    void expertsWithoutTokensAreJudgedByTheOthers() throws IOException {
        double all = loss(measured(Set.of()));
        TypeLoss.Measured some = measured(Set.of(0, 2, 3));
        assertThat(some.known()).isTrue();
        assertThat(loss(some)).isBetween(0.7 * all, 1.4 * all);
    }

    @Test
    void aTensorThatNoTokenWasSentToIsUnknown() throws IOException {
        TypeLoss.Measured none = measured(Set.of(0, 1, 2, 3));
        assertThat(none.known()).isFalse();
        assertThat(loss(none)).isPositive();
    }
}
