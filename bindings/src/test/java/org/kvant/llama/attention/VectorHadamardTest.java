package org.kvant.llama.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.llama.Backend;

/** The kernel's transform is ggml's to the last bit. */
class VectorHadamardTest {
    private static final long SEED = Long.getLong("kvant.seed", System.nanoTime());

    @BeforeAll
    static void load() {
        Backend.load();
        System.out.println("kvant.seed=" + SEED);
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64, 128, 256, 512, 1024})
    void isGgmls(int width) {
        HadamardKernel kernel = AttentionKernels.hadamard();
        for (int rows : new int[] {1, 3, 40}) {
            try (HadamardSample sample = new HadamardSample(width, rows, 2, new Random(SEED))) {
                sample.computeByGgml();
                float[] theirs = sample.result();
                for (int threads : new int[] {1, 2, 5}) {
                    sample.clearResult();
                    for (int thread = threads - 1; thread >= 0; thread--) {
                        kernel.compute(sample.task(), thread, threads);
                    }
                    assertThat(sample.result())
                            .as("%s rows, %s threads", rows, threads)
                            .isEqualTo(theirs);
                }
            }
        }
    }

    @Test
    void rowsNarrowerThanAVectorAreLeftAlone() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new HadamardSample(8, 1, 1, new Random(1)).close())
                .withMessageContaining("rows of 8");
    }
}
