package org.kvant.llama.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;

class GgmlQuantTest {
    private static final long SEED = Long.getLong("kvant.seed", new Random().nextLong());

    /** The others search tables that take a minute to build. */
    private static final List<GgmlType> ROUND_TO_NEAREST = List.of(
            GgmlType.F32,
            GgmlType.F16,
            GgmlType.BF16,
            GgmlType.Q8_0,
            GgmlType.Q4_0,
            GgmlType.Q4_1,
            GgmlType.Q5_0,
            GgmlType.Q5_1,
            GgmlType.IQ4_NL,
            GgmlType.IQ4_XS,
            GgmlType.Q2_K,
            GgmlType.Q3_K,
            GgmlType.Q4_K,
            GgmlType.Q5_K,
            GgmlType.Q6_K,
            GgmlType.MXFP4);

    @BeforeAll
    static void load() {
        Backend.load();
        System.out.println("kvant.seed=" + SEED);
    }

    @Test
    void whatIsEncodedCanBeDecoded() {
        Random random = new Random(SEED);
        float[] source = new float[3 * 256];
        for (int i = 0; i < source.length; i++) {
            source[i] = (float) random.nextGaussian();
        }
        float[] importance = new float[256];
        Arrays.fill(importance, 1f);
        for (GgmlType type : ROUND_TO_NEAREST) {
            byte[] blocks = GgmlQuant.quantizeChunk(type, source, 3, 256, importance);
            assertThat(blocks).hasSize((int) type.bytes(source.length));
            float[] back = GgmlQuant.dequantize(type, blocks, source.length);
            double error = 0;
            double power = 0;
            for (int i = 0; i < back.length; i++) {
                error += (back[i] - source[i]) * (back[i] - source[i]);
                power += source[i] * source[i];
            }
            assertThat(Math.sqrt(error / power))
                    .as(type.ggmlName())
                    .isLessThan(type.bitsPerWeight() > 7.9 ? 0.01 : 0.4);
        }
    }

    @Test
    void wrongArgumentsAreRefused() {
        float[] row = new float[256];
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgmlQuant.quantizeChunk(GgmlType.Q8_K, row, 1, 256, null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgmlQuant.quantizeChunk(GgmlType.Q4_K, row, 1, 255, null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgmlQuant.quantizeChunk(GgmlType.Q4_K, row, 2, 256, null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgmlQuant.quantizeChunk(GgmlType.Q4_K, row, 0, 256, null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgmlQuant.quantizeChunk(GgmlType.Q4_K, row, 1, 256, new float[5]));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgmlQuant.quantizeChunk(GgmlType.IQ1_S, row, 1, 256, null));
        assertThatIllegalArgumentException().isThrownBy(() -> GgmlQuant.dequantize(GgmlType.Q4_K, new byte[3], 256));
        float[] nan = row.clone();
        nan[7] = Float.NaN;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgmlQuant.quantizeChunk(GgmlType.Q4_K, nan, 1, 256, null))
                .withMessageContaining("column 7");
        float[] negative = new float[256];
        negative[9] = -1;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgmlQuant.quantizeChunk(GgmlType.Q4_K, row, 1, 256, negative))
                .withMessageContaining("column 9");
        GgmlQuant.releaseTables();
        assertThat(GgmlQuant.requiresImportance(GgmlType.IQ2_XXS)).isTrue();
        assertThat(GgmlQuant.requiresImportance(GgmlType.Q4_K)).isFalse();
    }
}
