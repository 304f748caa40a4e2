package org.kvant.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvant.gguf.GgmlType;
import org.kvant.llama.Backend;
import org.kvant.llama.quant.GgmlQuant;

/** The fits against the library's encodings, both decoded by the library. */
class WeightedFitsTest {

    @BeforeAll
    static void load() {
        Backend.load();
    }

    static Stream<GgmlType> types() {
        return Arrays.stream(GgmlType.values()).filter(WeightedFits::has);
    }

    private static byte[] encode(Codec codec, float[] x, int rows, int columns, float @Nullable [] importance) {
        byte[] bytes = new byte[(int) codec.type().bytes(x.length)];
        codec.encode(x, 0, MemorySegment.ofArray(bytes), 0, rows, columns, importance);
        return bytes;
    }

    private static float[] weights(Importance importance, Random random, int columns) {
        return Objects.requireNonNull(importance.values(random, columns));
    }

    private static double[] errors(GgmlType type, byte[] bytes, float[] x, float[] importance) {
        float[] decoded = GgmlQuant.dequantize(type, bytes, x.length);
        double[] errors = new double[x.length / type.blockSize()];
        for (int i = 0; i < x.length; i++) {
            double diff = (double) x[i] - decoded[i];
            errors[i / type.blockSize()] += importance[i % importance.length] * diff * diff;
        }
        return errors;
    }

    private static double sum(double[] errors) {
        return Arrays.stream(errors).sum();
    }

    @ParameterizedTest
    @MethodSource("types")
    void noBlockIsWorseThanTheLibrarys(GgmlType type) {
        Random random = Seed.random(type + " fit");
        for (Distribution distribution : Distribution.values()) {
            for (Importance importance : Importance.values()) {
                int columns = Math.max(32, type.blockSize()) * (1 + random.nextInt(3));
                int rows = 1 + random.nextInt(4);
                float[] x = distribution.values(random, rows * columns);
                float @Nullable [] weights = importance.values(random, columns);
                float[] counted = weights != null ? weights : weights(Importance.ONES, random, columns);
                double[] library = errors(type, GgmlQuant.quantizeChunk(type, x, rows, columns, null), x, counted);
                double[] ours = errors(type, encode(WeightedFits.of(type), x, rows, columns, weights), x, counted);
                for (int i = 0; i < ours.length; i++) {
                    assertThat(ours[i])
                            .as("%s, %s, %s, block %d, -Dkvant.seed=%d", type, distribution, importance, i, Seed.VALUE)
                            .isLessThanOrEqualTo(library[i]);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void theWeightedErrorOfBellShapedWeightsFallsByWhatTheTypeAllows(GgmlType type) {
        Random random = Seed.random(type + " gain");
        int columns = 1024;
        float[] x = new float[32 * columns];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        float[] weights = new float[columns];
        for (int i = 0; i < columns; i++) {
            weights[i] = (float) Math.exp(random.nextGaussian());
        }
        double library = sum(errors(type, GgmlQuant.quantizeChunk(type, x, 32, columns, null), x, weights));
        double ours = sum(errors(type, encode(WeightedFits.of(type), x, 32, columns, weights), x, weights));
        double ratio = switch (type) {
            case Q8_0 -> 0.75;
            case MXFP4 -> 0.96;
            case NVFP4 -> 0.7;
            case Q1_0 -> 0.995;
            case TQ1_0, TQ2_0 -> 0.35;
            case Q2_0 -> 0.3;
            default -> throw new AssertionError("say what to expect of " + type);
        };
        System.out.printf("%s: %.3f of the library's weighted error%n", type, ours / library);
        assertThat(ours / library).as("%s, -Dkvant.seed=%d", type, Seed.VALUE).isLessThan(ratio);
    }

    @ParameterizedTest
    @MethodSource("types")
    void valuesThatTheTypeHoldsExactlyStayAsTheyAre(GgmlType type) {
        Random random = Seed.random(type + " exact");
        float[] x = GgmlQuant.dequantize(
                type, GgmlQuant.quantizeChunk(type, Distribution.NORMAL.values(random, 1024), 1, 1024, null), 1024);
        float[] weights = weights(Importance.UNIFORM, random, 1024);
        assertThat(sum(errors(type, encode(WeightedFits.of(type), x, 1, 1024, weights), x, weights)))
                .isLessThanOrEqualTo(sum(errors(type, GgmlQuant.quantizeChunk(type, x, 1, 1024, null), x, weights)));
    }

    /** With three levels and 256 values every assignment that can be best is tried, so nothing may beat it but rounding. */
    @Test
    void noScaleIsBetterForTernaryAndTwoBitBlocks() {
        Random random = Seed.random("scales");
        for (GgmlType type : new GgmlType[] {GgmlType.TQ2_0, GgmlType.Q2_0, GgmlType.Q1_0}) {
            int n = type.blockSize();
            float[] x = Distribution.LAPLACE.values(random, n);
            float[] weights = weights(Importance.WIDE, random, n);
            double ours = sum(errors(type, encode(WeightedFits.of(type), x, 1, n, weights), x, weights));
            int lowest = -1;
            int highest = type == GgmlType.Q2_0 ? 2 : 1;
            float max = 0;
            for (float v : x) {
                max = Math.max(max, Math.abs(v));
            }
            for (float d = -max; d < max; d += max / 2000) {
                double error = 0;
                for (int i = 0; i < n; i++) {
                    double best = Double.POSITIVE_INFINITY;
                    for (int q = lowest; q <= highest; q++) {
                        if (q != 0 || type != GgmlType.Q1_0) {
                            best = Math.min(best, Math.pow(x[i] - (double) q * d, 2));
                        }
                    }
                    error += weights[i] * best;
                }
                assertThat(ours)
                        .as("%s, scale %s, -Dkvant.seed=%d", type, d, Seed.VALUE)
                        .isLessThan(error * 1.0001);
            }
        }
    }

    @Test
    void otherTypesKeepTheLibrarysEncoding() {
        assertThat(WeightedFits.has(GgmlType.Q4_K)).isFalse();
        assertThat(WeightedFits.of(GgmlType.Q4_K)).isSameAs(Codecs.of(GgmlType.Q4_K));
        assertThat(Codecs.of(GgmlType.Q8_0).usesImportance()).isFalse();
        assertThat(WeightedFits.of(GgmlType.Q8_0).usesImportance()).isTrue();
        assertThatThrownBy(() -> WeightedFits.of(GgmlType.I32)).isInstanceOf(CodecException.class);
    }
}
